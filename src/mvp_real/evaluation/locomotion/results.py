"""Everything that reports are made from, and `results.json`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from mvp_real.evaluation.locomotion.condition import Condition
from mvp_real.evaluation.locomotion.summary import (
    Mean,
    RowResult,
    comparisons,
    fastest_command,
    mirror_ratio,
    row_results,
)
from mvp_real.evaluation.locomotion.walk_trial import WalkTrial
from mvp_real.evaluation.report import RESULTS_FILE
from mvp_real.evaluation.statistics import proportion

# Xiao 2023, table 6.5: successes of 20 on steps (the percentages times 4 heights x 5 trials) and fastest command, m/s.
# Measured in the vendor's simulator, not in ours: beside our figures, never in one column with them.
VENDOR = "vendor's controller"
THESIS = {
    "MLP": (10, 1.0),
    "CNN": (10, 0.8),
    "LSTM": (12, 0.3),
    "Transformer": (13, 1.0),
    VENDOR: (14, 1.0),
}
STEPS = ("step_4cm", "step_8cm", "step_12cm", "step_16cm")
ROBOTS_PER_STEP = 5
STEPS_OF_THESIS = 20
# Measures that get a row of their own in results.json, per row of the protocol.
REPORTED = (
    "forward", "sideways", "turn", "speed_error", "turn_error", "speed_spread", "largest_tilt", "torque", "torque_999",
    "saturated", "speed", "speed_999", "peak_force", "single", "flight", "cadence", "clearance", "stance_asymmetry",
    "arm_contralateral", "arm_ipsilateral", "arm_amplitude", "arm_lag", "recovery", "settled",
)  # fmt: skip
MIRRORED = {"sideways": ("left_0.3", "right_0.3"), "turn": ("turn_left", "turn_right")}


@dataclass(frozen=True)
class SubjectNote:
    """What a reader must know about a policy: its label, what it is, its bundle and file."""

    label: str
    about: str
    bundle: str
    digest: str
    history: str = "full"


@dataclass(frozen=True)
class WalkReport:
    """One evaluation.

    Attributes:
        title: Heading of the page.
        lead: One or two sentences: what was done.
        command: The command line that makes this report again.
        rows: The conditions that were asked for, by name.
        seeds: Block of seeds.
        subjects: The policies.
        trials: Every finished trial.
        provenance: Commit, versions, machine.
        notes: Sentences a reader must not miss.
        extra: Further content of `results.json`.
        asked: Number of trials, where not every policy walks every row.
    """

    title: str
    lead: str
    command: str
    rows: dict[str, Condition]
    seeds: str
    subjects: Sequence[SubjectNote]
    trials: Sequence[WalkTrial]
    provenance: dict[str, Any]
    notes: Sequence[str] = ()
    extra: dict[str, Any] = field(default_factory=dict)
    asked: int | None = None

    @property
    def planned(self) -> int:
        """Number of trials that were asked for."""
        if self.asked is not None:
            return self.asked
        return len(self.subjects) * sum(row.robots for row in self.rows.values())

    @property
    def complete(self) -> bool:
        """Whether every trial has been run."""
        return len(self.trials) >= self.planned

    @cached_property
    def results(self) -> list[RowResult]:
        """Every policy in every row."""
        return row_results(self.trials, self.rows)

    def of(self, subject: str, row: str) -> list[WalkTrial]:
        """Trials of a policy in a row."""
        return [trial for trial in self.trials if (trial.subject, trial.row) == (subject, row)]

    def steps_passed(self, subject: str) -> tuple[int, int] | None:
        """Successes and trials over the four heights of the thesis, five robots each; None if one is missing."""
        trials = [trial for row in STEPS for trial in self.of(subject, row) if trial.index < ROBOTS_PER_STEP]
        if len(trials) < STEPS_OF_THESIS:
            return None
        return sum(trial.success for trial in trials), len(trials)


def result_rows(report: WalkReport) -> list[dict[str, Any]]:
    """Rows `subject, metric, k, n, value, low, high, seeds, verdict`: one per rate, mean and overall figure."""
    found: list[dict[str, Any]] = []
    for result in report.results:
        rate = result.rate
        found.append(
            {
                **_row(result.subject, f"passed_{result.row}"),
                "k": rate.k,
                "n": rate.n,
                "value": rate.rate,
                "low": rate.low,
                "high": rate.high,
                "verdict": result.verdict,
                "outcomes": result.outcomes,
                "failures": result.categories,
                "demands": [{**asdict(demand), "reached": demand.reached} for demand in result.demands],
            }
        )
        found += [
            _mean_row(result.subject, f"{name}_{result.row}", result.means[name])
            for name in REPORTED
            if name in result.means
        ]
    for subject in report.subjects:
        found += _overall(report, subject.label)
    return found


def _overall(report: WalkReport, subject: str) -> list[dict[str, Any]]:
    found = []
    steps = report.steps_passed(subject)
    if steps is not None:
        rate = proportion(*steps)
        values = {"k": rate.k, "n": rate.n, "value": rate.rate, "low": rate.low, "high": rate.high}
        found.append({**_row(subject, "passed_steps"), **values})
    for row in report.rows.values():
        if row.sweep is not None:
            highest = fastest_command(report.of(subject, row.name), row)
            if highest is not None:
                record = _row(subject, f"{row.name}_command")
                found.append({**record, "value": highest[0], "achieved": highest[1], "n": row.robots})
    for measure, (left, right) in MIRRORED.items():
        ratio = mirror_ratio(report.of(subject, left), report.of(subject, right), measure)
        if ratio is not None:
            found.append(_mean_row(subject, f"left_over_right_{measure}", ratio))
    return found


def _row(subject: str, metric: str) -> dict[str, Any]:
    empty = dict.fromkeys(("k", "n", "value", "low", "high"))
    return {"subject": subject, "metric": metric, **empty, "seeds": [], "verdict": ""}


def _mean_row(subject: str, metric: str, mean: Mean) -> dict[str, Any]:
    return {**_row(subject, metric), "n": mean.n, "value": mean.value, "low": mean.low, "high": mean.high}


def results_document(report: WalkReport) -> dict[str, Any]:
    """The content of `results.json`; trials are in `trials.jsonl` beside it."""
    pairs = comparisons(report.trials, report.rows)
    return {
        "title": report.title,
        "command": report.command,
        "robots": report.seeds,
        "planned_trials": report.planned,
        "finished_trials": len(report.trials),
        "complete": report.complete,
        "notes": list(report.notes),
        "provenance": report.provenance,
        "subjects": [asdict(subject) for subject in report.subjects],
        "rows": result_rows(report),
        "comparisons": [
            {
                "first": pair.first,
                "second": pair.second,
                "row": pair.row,
                "n": pair.paired.n,
                **asdict(pair.paired),
                "difference": pair.paired.difference,
                "holm": pair.holm,
            }
            for pair in pairs
        ],
        **report.extra,
    }


def write_results(report: WalkReport, directory: Path) -> Path:
    """Write `results.json` through a temporary file, so that a reader never sees half of it."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / RESULTS_FILE
    temporary = path.with_suffix(".part")
    text = json.dumps(results_document(report), indent=1, allow_nan=False, ensure_ascii=False)
    temporary.write_text(text + "\n", encoding="utf-8")
    temporary.replace(path)
    return path
