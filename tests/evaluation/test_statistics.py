from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvp_real.evaluation.statistics import (
    bootstrap_mean,
    compare_paired,
    holm,
    mcnemar_p,
    proportion,
    student_t_quantile,
    t_interval,
    wilson_interval,
)


@pytest.mark.parametrize(
    ("k", "rate", "low", "high"),
    [
        (0, 0.0, 0.0, 19.4),
        (3, 18.75, 6.6, 43.0),
        (5, 31.25, 14.2, 55.6),
        (8, 50.0, 28.0, 72.0),
        (11, 68.75, 44.4, 85.8),
        (13, 81.25, 57.0, 93.4),
        (15, 93.75, 71.7, 98.9),
        (16, 100.0, 80.6, 100.0),
    ],
)
def test_wilson_interval_of_sixteen_trials(k: int, rate: float, low: float, high: float) -> None:
    result = proportion(k, 16)
    assert 100 * result.rate == rate
    assert round(100 * result.low, 1) == low
    assert round(100 * result.high, 1) == high


@given(st.integers(0, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_interval_holds_the_rate_and_mirrors(counts: tuple[int, int]) -> None:
    k, n = counts
    interval = wilson_interval(k, n)
    mirrored = wilson_interval(n - k, n)
    assert 0.0 <= interval.low <= interval.high <= 1.0
    assert interval.low == pytest.approx(1 - mirrored.high, abs=1e-12)
    if n:
        assert interval.low <= k / n <= interval.high


@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_bounds_solve_the_score_equation(counts: tuple[int, int]) -> None:
    """The definition, not the formula: at each bound p0, |p - p0| = z sqrt(p0 (1 - p0) / n)."""
    k, n = counts
    interval = wilson_interval(k, n)
    for bound in (interval.low, interval.high):
        assert abs(k / n - bound) == pytest.approx(1.959964 * math.sqrt(bound * (1 - bound) / n), abs=1e-6)


def test_wilson_interval_refuses_impossible_counts() -> None:
    with pytest.raises(ValueError, match="17 successes of 16"):
        wilson_interval(17, 16)
    with pytest.raises(ValueError, match="confidence"):
        wilson_interval(1, 2, confidence=95)


@pytest.mark.parametrize(
    ("b", "c", "p"),
    [(5, 0, 0.0625), (6, 0, 0.0312), (8, 1, 0.0391), (7, 2, 0.1797), (10, 0, 0.0020), (12, 0, 0.0005)],
)
def test_exact_mcnemar(b: int, c: int, p: float) -> None:
    assert mcnemar_p(b, c) == pytest.approx(p, abs=5.1e-5)
    assert mcnemar_p(c, b) == mcnemar_p(b, c)


def test_sixteen_pairs_need_six_wins_without_loss() -> None:
    assert mcnemar_p(5, 0) > 0.05 > mcnemar_p(6, 0)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=60))
def test_paired_comparison_counts_every_pair_once(pairs: list[tuple[bool, bool]]) -> None:
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    forward, backward = compare_paired(first, second), compare_paired(second, first)
    assert forward.n == len(pairs)
    assert forward.p == backward.p
    assert 0.0 < forward.p <= 1.0
    if pairs:
        assert forward.difference == pytest.approx(np.mean(first) - np.mean(second))


def test_unpaired_trials_are_refused() -> None:
    with pytest.raises(ValueError, match="3 and 2"):
        compare_paired([True] * 3, [True] * 2)


def test_holm_of_a_worked_example() -> None:
    """Four comparisons: .005 x 4, .01 x 3, then .03 x 2 carried over .04 x 1."""
    adjusted = holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005})
    assert adjusted == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06, "d": 0.02})
    assert list(adjusted) == ["a", "b", "c", "d"]


@given(st.dictionaries(st.text(max_size=3), st.floats(0, 1), max_size=8))
def test_holm_lies_between_the_raw_p_and_bonferroni(p_values: dict[str, float]) -> None:
    adjusted = holm(p_values)
    for name, p in p_values.items():
        assert p <= adjusted[name] <= 1.0
        assert adjusted[name] <= max(min(1.0, len(p_values) * q) for q in p_values.values() if q <= p) + 1e-12
    by_raw = sorted(p_values, key=lambda name: p_values[name])
    assert [adjusted[name] for name in by_raw] == sorted(adjusted.values())


def test_student_quantiles_of_the_tables() -> None:
    for degrees, quantile in [(1, 12.706), (2, 4.303), (3, 3.182), (9, 2.262), (10, 2.228), (30, 2.042)]:
        assert student_t_quantile(0.975, degrees) == pytest.approx(quantile, abs=6e-4)


def test_t_interval_of_ten_values() -> None:
    values = np.arange(10.0)
    half = 2.2622 * values.std(ddof=1) / math.sqrt(10)
    interval = t_interval(values)
    assert (interval.low, interval.high) == pytest.approx((4.5 - half, 4.5 + half), abs=1e-3)


def test_bootstrap_of_few_seeds_is_the_range() -> None:
    interval = bootstrap_mean([3.0, 1.0, 2.0])
    assert (interval.low, interval.high) == (1.0, 3.0)


def test_bootstrap_agrees_with_the_normal_interval_for_many_values() -> None:
    values = np.random.default_rng(1).normal(5.0, 2.0, size=400)
    interval = bootstrap_mean(values)
    half = 1.96 * values.std(ddof=1) / 20
    assert interval.low == pytest.approx(values.mean() - half, abs=0.03)
    assert interval.high == pytest.approx(values.mean() + half, abs=0.03)
    assert interval == bootstrap_mean(values)


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=30))
def test_bootstrap_stays_within_the_data(values: list[float]) -> None:
    interval = bootstrap_mean(values, resamples=200)
    assert min(values) - 1e-9 <= interval.low <= interval.high <= max(values) + 1e-9


def test_means_refuse_missing_values() -> None:
    with pytest.raises(ValueError, match="finite"):
        bootstrap_mean([1.0, math.nan])
    with pytest.raises(ValueError, match="two values"):
        t_interval([1.0])
