"""Everything that a results file and a page are made from, and the results file itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mvp_real.evaluation.published import PublishedRow
from mvp_real.evaluation.summary import (
    RESULTS_FILE,
    SuccessRow,
    comparison_records,
    result_rows,
    success_rows,
)
from mvp_real.evaluation.trials import Outcome, TrialRecord

PAGE_FILE = "report.html"


@dataclass(frozen=True)
class SubjectNote:
    """What a reader must know about one subject.

    Attributes:
        label: Its name in trials.
        about: One sentence.
        bundle: Bundle name, or "scripted expert".
        digest: SHA-256 of the controller's ONNX file; empty for the expert.
        encoder: Name and first digits of the encoder's digest.
        readout: How the controller reads the encoder.
        card_metrics: Figures that the bundle's card claims, as plain records.
    """

    label: str
    about: str = ""
    bundle: str = ""
    digest: str = ""
    encoder: str = ""
    readout: str = ""
    card_metrics: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Report:
    """One evaluation: what was run, where it came from and every trial.

    Attributes:
        title: Heading of the page.
        lead: One or two sentences: the task, the sets, how trials were run.
        area: (x_low, x_high, y_low, y_high) of the placement area in the base frame, m.
        command: The command line that makes this report again.
        planned: Number of trials that the protocol asks for.
        notes: Sentences a reader must not miss, e.g. that trials are missing.
        published: Rows taken up from results that were published before; their trials are not in `trials`.
    """

    title: str
    lead: str
    area: tuple[float, float, float, float]
    command: str
    planned: int
    provenance: dict[str, Any]
    trials: Sequence[TrialRecord]
    subjects: Sequence[SubjectNote] = ()
    notes: Sequence[str] = ()
    published: Sequence[PublishedRow] = ()
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether every planned trial has been run."""
        return self.finished >= self.planned

    @property
    def finished(self) -> int:
        """Number of trials that the report rests on."""
        return len(self.outcomes)

    @property
    def outcomes(self) -> list[Outcome]:
        """How every trial ended, those of published rows first."""
        return [*(trial for row in self.published for trial in row.trials()), *self.trials]

    @property
    def rows(self) -> list[SuccessRow]:
        """Every success rate, published rows first."""
        return [*(row.success for row in self.published), *success_rows(self.trials)]


def results_document(report: Report) -> dict[str, Any]:
    """The content of `results.json`; trials are in `trials.jsonl` beside it."""
    return {
        "title": report.title,
        "command": report.command,
        "planned_trials": report.planned,
        "finished_trials": report.finished,
        "complete": report.complete,
        "notes": list(report.notes),
        "provenance": report.provenance,
        "subjects": [asdict(subject) for subject in report.subjects],
        "rows": result_rows(report.rows),
        "comparisons": comparison_records(report.outcomes),
        **report.extra,
    }


def write_results(report: Report, directory: Path) -> Path:
    """Write `results.json` through a temporary file, so that a reader never sees half of it."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / RESULTS_FILE
    temporary = path.with_suffix(".part")
    text = json.dumps(results_document(report), indent=1, allow_nan=False, ensure_ascii=False)
    temporary.write_text(text + "\n", encoding="utf-8")
    temporary.replace(path)
    return path
