"""From trials to the figures of a report: rates with intervals, paired comparisons, failure counts."""

from __future__ import annotations

import dataclasses
import itertools
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mvp_real.evaluation.statistics import PairedComparison, Proportion, compare_paired, holm, proportion
from mvp_real.evaluation.trials import Outcome, RowKey, TrialRecord, count

RESULTS_FILE = "results.json"


@dataclass(frozen=True)
class SuccessRow:
    """Success of one subject in one scene on one set of placements.

    Attributes:
        placements: Name of the set, e.g. "evaluation" or "random-900000".
        categories: Number of failures per category.
        median_miss: Median lateral miss at the first closing, m, over all trials that closed; else None.
        median_duration: Median simulated time of the successes, s; None without success.
        outcomes: A digit per trial in the order of the placements, so that every figure can be checked and rows
            can be compared pair by pair without the trial log.
        measured: Where the row comes from if an earlier run published it; empty for trials of this run.
    """

    subject: str
    scene: str
    placements: str
    through: str
    rate: Proportion
    categories: dict[str, int]
    median_miss: float | None
    median_duration: float | None
    outcomes: str
    measured: str = ""

    @property
    def key(self) -> RowKey:
        """What makes it the same row in another run."""
        return (self.subject, self.scene, self.placements, self.through)

    @property
    def metric(self) -> str:
        """Name of the figure in a results file."""
        return success_metric(self.scene, self.placements, self.through)


@dataclass(frozen=True)
class ComparisonRow:
    """Two subjects at the same placements; `holm` is the p-value corrected over its family."""

    first: str
    second: str
    scene: str
    placements: str
    through: str
    paired: PairedComparison
    holm: float


def placement_set(placement: str) -> str:
    """Name of the set that a placement id belongs to: the id without its number."""
    return placement.rpartition("-")[0]


def success_metric(scene: str, placements: str, through: str) -> str:
    """Name of a success rate in a results file, e.g. "success_plain_evaluation_nodes"."""
    return f"success_{scene}_{placements}_{through}"


def row_key(trial: Outcome) -> RowKey:
    """Key of the success rate that a trial belongs to."""
    return (trial.subject, trial.scene, placement_set(trial.placement), trial.through)


def success_rows(trials: Sequence[TrialRecord]) -> list[SuccessRow]:
    """One row per subject, scene, set and way of running, in the order in which they first occur."""
    groups: dict[RowKey, list[TrialRecord]] = {}
    for trial in trials:
        groups.setdefault(row_key(trial), []).append(trial)
    rows = []
    for (subject, scene, placements, through), members in groups.items():
        misses = [trial.lateral_miss for trial in members if trial.lateral_miss is not None]
        durations = [trial.duration for trial in members if trial.success]
        rows.append(
            SuccessRow(
                subject,
                scene,
                placements,
                through,
                proportion(*count(members)),
                dict(Counter(trial.category for trial in members if not trial.success)),
                statistics.median(misses) if misses else None,
                statistics.median(durations) if durations else None,
                "".join(str(int(t.success)) for t in sorted(members, key=lambda t: t.placement)),
            )
        )
    return rows


def paired_outcomes(
    trials: Sequence[Outcome], first: str, second: str
) -> tuple[list[bool], list[bool], list[str]]:
    """Outcomes of two subjects at the placements that both have finished, and the ids of those placements."""
    by_subject: dict[str, dict[tuple[str, str, str], bool]] = {first: {}, second: {}}
    for trial in trials:
        if trial.subject in by_subject:
            by_subject[trial.subject][(trial.scene, trial.placement, trial.through)] = trial.success
    shared = sorted(by_subject[first].keys() & by_subject[second].keys())
    return (
        [by_subject[first][key] for key in shared],
        [by_subject[second][key] for key in shared],
        [placement for _, placement, _ in shared],
    )


def comparison_rows(trials: Sequence[Outcome]) -> list[ComparisonRow]:
    """Every pair of subjects in each scene and set: exact McNemar, Holm over the pairs of that scene."""
    groups: dict[tuple[str, str, str], list[Outcome]] = {}
    for trial in trials:
        groups.setdefault((trial.scene, placement_set(trial.placement), trial.through), []).append(trial)
    rows: list[ComparisonRow] = []
    for (scene, placements, through), members in groups.items():
        subjects = list(dict.fromkeys(trial.subject for trial in members))
        paired = {
            f"{a}|{b}": (a, b, compare_paired(*paired_outcomes(members, a, b)[:2]))
            for a, b in itertools.combinations(subjects, 2)
        }
        corrected = holm({name: test.p for name, (_, _, test) in paired.items()})
        rows += [
            ComparisonRow(a, b, scene, placements, through, test, corrected[name])
            for name, (a, b, test) in paired.items()
        ]
    return rows


def result_rows(rows: Sequence[SuccessRow]) -> list[dict[str, Any]]:
    """Rows of a results file: `subject, metric, k, n, value, low, high` and more, one per success rate."""
    return [
        {
            "subject": row.subject,
            "metric": row.metric,
            "k": row.rate.k,
            "n": row.rate.n,
            "value": row.rate.rate,
            "low": row.rate.low,
            "high": row.rate.high,
            "outcomes": row.outcomes,
            "failures": row.categories,
            "median_lateral_miss": row.median_miss,
            "median_duration": row.median_duration,
            **({"measured": row.measured} if row.measured else {}),
        }
        for row in rows
    ]


def comparison_records(trials: Sequence[Outcome]) -> list[dict[str, Any]]:
    """The paired comparisons as plain records for a results file."""
    return [
        {
            **{key: getattr(row, key) for key in ("first", "second", "scene", "placements", "through")},
            **dataclasses.asdict(row.paired),
            "n": row.paired.n,
            "difference": row.paired.difference if row.paired.n else None,
            "holm": row.holm,
        }
        for row in comparison_rows(trials)
    ]
