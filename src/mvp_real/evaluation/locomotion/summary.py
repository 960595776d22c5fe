"""From trials to the figures of a report: rates with intervals, means with intervals, what was to be reached."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mvp_real.evaluation.locomotion.condition import Condition
from mvp_real.evaluation.locomotion.walk_trial import WalkTrial
from mvp_real.evaluation.statistics import (
    PairedComparison,
    Proportion,
    bootstrap_mean,
    compare_paired,
    holm,
    proportion,
)

Rows = Mapping[str, Condition]


@dataclass(frozen=True)
class Mean:
    """A mean over robots with the 95 % bootstrap interval of the mean (fewer than five: their range)."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Demand:
    """One thing that a row asks for.

    Attributes:
        what: "survival", "speed_error", "turn_error" or "recovered".
        bound: What has to be reached: at least for shares, at most for errors.
        value: What was measured; None if it could not be.
    """

    what: str
    bound: float
    value: float | None

    @property
    def reached(self) -> bool:
        """Whether it was; a rounding error never decides."""
        if self.value is None:
            return False
        if self.what in ("survival", "recovered"):
            return self.value >= self.bound - 1e-9
        return self.value <= self.bound + 1e-9


@dataclass(frozen=True)
class RowResult:
    """One policy in one row.

    Attributes:
        rate: Who passed.
        categories: Number of failures per category.
        means: Every measure by name.
        demands: What the row asks for.
        outcomes: A digit per robot in their order.
    """

    subject: str
    row: str
    rate: Proportion
    categories: dict[str, int]
    means: dict[str, Mean]
    demands: tuple[Demand, ...]
    outcomes: str

    @property
    def verdict(self) -> str:
        """ "reached" or "missed"; empty where nothing is asked."""
        if not self.demands:
            return ""
        return "reached" if all(demand.reached for demand in self.demands) else "missed"


@dataclass(frozen=True)
class Comparison:
    """Two policies with the same robots in one row; `holm` is corrected over the pairs of the row."""

    first: str
    second: str
    row: str
    paired: PairedComparison
    holm: float


def row_results(trials: Sequence[WalkTrial], rows: Rows) -> list[RowResult]:
    """One result per policy and row: rows in the protocol's order, policies as they first occur."""
    groups = _grouped(trials)
    subjects = list(dict.fromkeys(trial.subject for trial in trials))
    return [
        row_result(groups[subject, row], rows[row])
        for row in rows
        for subject in subjects
        if (subject, row) in groups
    ]


def row_result(trials: Sequence[WalkTrial], row: Condition) -> RowResult:
    """The result of one policy in one row."""
    passed = sum(trial.success for trial in trials)
    names = dict.fromkeys(name for trial in trials for name in trial.measures)
    means = {
        name: mean_of(trial.measures[name] for trial in trials if name in trial.measures) for name in names
    }
    return RowResult(
        trials[0].subject,
        row.name,
        proportion(passed, len(trials)),
        dict(Counter(trial.category for trial in trials if not trial.success)),
        means,
        tuple(_demands(row, trials, means)),
        "".join(str(int(trial.success)) for trial in sorted(trials, key=lambda trial: trial.index)),
    )


def mean_of(values: Iterable[float]) -> Mean:
    """Mean of at least one value with its interval."""
    sample = list(values)
    interval = bootstrap_mean(sample)
    return Mean(float(np.mean(sample)), interval.low, interval.high, len(sample))


def comparisons(trials: Sequence[WalkTrial], rows: Rows) -> list[Comparison]:
    """Every pair of policies in each row: exact McNemar over the same robots, Holm over the pairs of the row."""
    groups = _grouped(trials)
    found = []
    for row in rows:
        subjects = [subject for subject, name in groups if name == row]
        tests = {
            (a, b): compare_paired(*paired_outcomes(groups[a, row], groups[b, row]))
            for a, b in itertools.combinations(subjects, 2)
        }
        corrected = holm({f"{a}|{b}": test.p for (a, b), test in tests.items()})
        found += [
            Comparison(a, b, row, test, corrected[f"{a}|{b}"]) for (a, b), test in tests.items() if test.n
        ]
    return found


def paired_outcomes(first: Sequence[WalkTrial], second: Sequence[WalkTrial]) -> tuple[list[bool], list[bool]]:
    """Outcomes of two policies for the robots that both have walked, in one order."""
    one, other = (
        {(trial.row, trial.seed, trial.command): trial.success for trial in part} for part in (first, second)
    )
    shared = sorted(one.keys() & other.keys())
    return [one[key] for key in shared], [other[key] for key in shared]


def fastest_command(trials: Sequence[WalkTrial], row: Condition) -> tuple[float, float | None] | None:
    """Highest command of a sweep up to which no robot failed at any command, and the mean speed achieved there.

    Returns:
        (command, achieved), (0, None) if robots fail at the slowest; None without a complete sweep.
    """
    assert row.sweep is not None
    axis = ("forward", "sideways", "turn").index(row.sweep.axis)
    by_command: dict[float, list[WalkTrial]] = {}
    for trial in trials:
        by_command.setdefault(trial.command[axis], []).append(trial)
    if len(by_command) < len(row.variants):
        return None
    highest: tuple[float, float | None] = (0.0, None)
    for command in sorted(by_command, key=abs):
        if not all(trial.success for trial in by_command[command]):
            break
        achieved = [
            trial.measures[row.sweep.axis]
            for trial in by_command[command]
            if row.sweep.axis in trial.measures
        ]
        highest = (command, float(np.mean(achieved)) if achieved else None)
    return highest


def mirror_ratio(left: Sequence[WalkTrial], right: Sequence[WalkTrial], measure: str) -> Mean | None:
    """Speed to the left over speed to the right at mirrored commands, robot by robot with the same seeds (F6)."""
    others = {trial.seed: trial.measures for trial in right}
    ratios = [
        -trial.measures[measure] / others[trial.seed][measure]
        for trial in left
        if measure in trial.measures and abs(others.get(trial.seed, {}).get(measure, 0.0)) > 0.02
    ]
    return mean_of(ratios) if ratios else None


def _grouped(trials: Sequence[WalkTrial]) -> dict[tuple[str, str], list[WalkTrial]]:
    groups: dict[tuple[str, str], list[WalkTrial]] = {}
    for trial in trials:
        groups.setdefault((trial.subject, trial.row), []).append(trial)
    return groups


def _demands(row: Condition, trials: Sequence[WalkTrial], means: Mapping[str, Mean]) -> Iterable[Demand]:
    hold = row.hold
    if hold.survival is not None:
        yield Demand("survival", hold.survival, sum(trial.success for trial in trials) / len(trials))
    for name in ("speed_error", "turn_error"):
        bound = getattr(hold, name)
        if bound is not None:
            yield Demand(name, bound, means[name].value if name in means else None)
    if hold.recovered is not None:
        yield Demand(
            "recovered", hold.recovered, sum("recovery" in trial.measures for trial in trials) / len(trials)
        )
