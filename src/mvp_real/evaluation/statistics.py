"""The few statistics that every report of the package uses, exact where an exact form exists.

Success rates carry Wilson's interval, paired comparisons McNemar's exact test, families of comparisons Holm's
correction, curves over seeds a bootstrap or a t-interval. Nothing here needs more than numpy.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Interval:
    """A closed interval in the unit of the quantity that it bounds."""

    low: float
    high: float


@dataclass(frozen=True)
class Proportion:
    """k successes of n trials with the bounds of Wilson's interval, all three rates as fractions."""

    k: int
    n: int
    rate: float
    low: float
    high: float

    def __str__(self) -> str:
        if self.n == 0:
            return "0/0"
        return f"{self.k}/{self.n} = {100 * self.rate:.1f} % ({100 * self.low:.1f}-{100 * self.high:.1f} %)"


def wilson_interval(k: int, n: int, confidence: float = 0.95) -> Interval:
    """Wilson's score interval of a proportion (Wilson 1927).

    Returns:
        Bounds as fractions; (0, 1) without any trial.

    Raises:
        ValueError: k is not within 0..n or the confidence not within (0, 1).
    """
    if not 0 <= k <= n:
        raise ValueError(f"{k} successes of {n} trials is not a proportion")
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence is a fraction between 0 and 1, not {confidence}")
    if n == 0:
        return Interval(0.0, 1.0)
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    p = k / n
    shrink = 1 + z * z / n
    centre = (p + z * z / (2 * n)) / shrink
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / shrink
    # Rounding would leave 1e-17 instead of the exact bound at k = 0 and k = n.
    return Interval(0.0 if k == 0 else centre - half, 1.0 if k == n else centre + half)


def proportion(k: int, n: int, confidence: float = 0.95) -> Proportion:
    """Success rate of k of n trials with its Wilson interval; the rate is NaN without any trial."""
    interval = wilson_interval(k, n, confidence)
    return Proportion(k, n, k / n if n else math.nan, interval.low, interval.high)


@dataclass(frozen=True)
class PairedComparison:
    """Outcome of McNemar's exact test.

    Attributes:
        first_only: Pairs in which only the first model succeeded (b).
        second_only: Pairs in which only the second model succeeded (c).
        both: Pairs in which both succeeded.
        neither: Pairs in which both failed.
        p: Two-sided exact p-value.
    """

    first_only: int
    second_only: int
    both: int
    neither: int
    p: float

    @property
    def n(self) -> int:
        """Number of pairs."""
        return self.first_only + self.second_only + self.both + self.neither

    @property
    def difference(self) -> float:
        """Success rate of the first model minus that of the second; NaN without any pair."""
        return (self.first_only - self.second_only) / self.n if self.n else math.nan


def mcnemar_p(first_only: int, second_only: int) -> float:
    """Two-sided exact binomial p of the discordant pairs (McNemar 1947, exact form).

    Args:
        first_only: Pairs won by the first model only.
        second_only: Pairs won by the second model only.
    """
    if first_only < 0 or second_only < 0:
        raise ValueError(f"counts of pairs are not negative: {first_only}, {second_only}")
    discordant = first_only + second_only
    tail = sum(math.comb(discordant, i) for i in range(min(first_only, second_only) + 1))
    return min(1.0, float(2 * tail / 2**discordant))


def compare_paired(first: Sequence[bool], second: Sequence[bool]) -> PairedComparison:
    """McNemar's exact test of two models that met the same trials in the same order.

    Raises:
        ValueError: The two sequences differ in length: they are not paired.
    """
    if len(first) != len(second):
        raise ValueError(f"paired trials are needed, got {len(first)} and {len(second)}")
    a = np.asarray(first, dtype=bool)
    b = np.asarray(second, dtype=bool)
    first_only = int(np.sum(a & ~b))
    second_only = int(np.sum(~a & b))
    return PairedComparison(
        first_only, second_only, int(np.sum(a & b)), int(np.sum(~a & ~b)), mcnemar_p(first_only, second_only)
    )


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Holm's step-down adjusted p-values, in the order given (Holm 1979).

    Args:
        p_values: Raw p-value per comparison of one family.
    """
    for name, p in p_values.items():
        if not 0.0 <= p <= 1.0:
            raise ValueError(f"p of '{name}' is {p}, not a probability")
    adjusted: dict[str, float] = {}
    running = 0.0
    for rank, name in enumerate(sorted(p_values, key=lambda key: p_values[key])):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[name]))
        adjusted[name] = running
    return {name: adjusted[name] for name in p_values}


def bootstrap_mean(
    values: ArrayLike, resamples: int = 10_000, confidence: float = 0.95, seed: int = 0
) -> Interval:
    """Percentile bootstrap interval of the mean.

    Args:
        values: (n,) one number per seed or trial; fewer than five give their minimum and maximum, because
            a bootstrap of so few says less than it seems to.
        resamples: Number of bootstrap samples.
        confidence: Coverage asked for, a fraction.
        seed: Seed of the resampling.
    """
    sample = _sample(values)
    if sample.size < 5:
        return Interval(float(sample.min()), float(sample.max()))
    rng = np.random.default_rng(seed)
    means = sample[rng.integers(sample.size, size=(resamples, sample.size))].mean(axis=1)
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(low), float(high))


def t_interval(values: ArrayLike, confidence: float = 0.95) -> Interval:
    """Student's interval of the mean of n >= 2 values: mean +- t(n-1) s / sqrt(n)."""
    sample = _sample(values)
    if sample.size < 2:
        raise ValueError("an interval of the mean needs at least two values")
    quantile = student_t_quantile(0.5 + confidence / 2, sample.size - 1)
    half = quantile * sample.std(ddof=1) / math.sqrt(sample.size)
    return Interval(float(sample.mean() - half), float(sample.mean() + half))


def student_t_quantile(probability: float, degrees: int) -> float:
    """Quantile of Student's t for a probability in [0.5, 1), by bisection of the exact distribution."""
    if not 0.5 <= probability < 1.0 or degrees < 1:
        raise ValueError(f"no such quantile: probability {probability}, {degrees} degrees of freedom")
    low, high = 0.0, 1.0
    while _student_t_cdf(high, degrees) < probability:
        high *= 2.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if _student_t_cdf(middle, degrees) < probability else (low, middle)
    return (low + high) / 2


def _student_t_cdf(t: float, degrees: int) -> float:
    """P(T <= t) for t >= 0 and a whole number of degrees: the series of Abramowitz & Stegun 26.7.3-4."""
    theta = math.atan(t / math.sqrt(degrees))
    cosine_squared = math.cos(theta) ** 2
    odd = degrees % 2 == 1
    term = math.cos(theta) if odd else 1.0
    series = 0.0
    for i in range(1, degrees // 2 + 1):
        series += term
        term *= cosine_squared * (2 * i / (2 * i + 1) if odd else (2 * i - 1) / (2 * i))
    if odd:
        inside = 2 / math.pi * (theta + math.sin(theta) * series)
    else:
        inside = math.sin(theta) * series
    return 0.5 + inside / 2


def _sample(values: ArrayLike) -> NDArray[np.float64]:
    sample = np.asarray(values, dtype=np.float64).ravel()
    if sample.size == 0 or not np.isfinite(sample).all():
        raise ValueError("a mean needs at least one value, all of them finite")
    return sample
