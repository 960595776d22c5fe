"""The report of a walking study as Markdown: the answers first, then every figure with its uncertainty."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mvp_real.evaluation.locomotion.markdown import REPORT_FILE, body, notes_of, provenance_lines
from mvp_real.evaluation.locomotion.pictures import (
    gait_pictures,
    kick_pictures,
    recovery_pictures,
    steps_pictures,
    tracking_pictures,
)
from mvp_real.evaluation.locomotion.results import WalkReport
from mvp_real.evaluation.locomotion.walk_study import WalkClaim, WalkStudy
from mvp_real.evaluation.verdict import Verdict


def write_study_report(
    study: WalkStudy, report: WalkReport, verdicts: Sequence[Verdict], directory: Path, home: Path
) -> Path:
    """Write `report.md` and its pictures.

    Args:
        study: The registration.
        report: Its trials.
        verdicts: One per claim.
        directory: Working folder with the traces.
        home: Folder of the study, where report and pictures go.
    """
    path = home / REPORT_FILE
    lines = [f"# {report.title}", "", report.lead, "", "Simulation, not a real robot.", ""]
    for note in report.notes if report.extra else notes_of(report):
        lines += [f"> {note}", ""]
    lines += ["## Answers", "", "| claim | verdict | trials |", "| --- | --- | --- |"]
    for claim, verdict in zip(study.claims, verdicts, strict=True):
        mark = "**primary:** " if claim.primary else ""
        extent = "complete" if verdict.complete else "incomplete"
        lines.append(f"| {mark}{claim.statement} | **{verdict.answer}** | {extent} |")
    lines += ["", "## What they rest on", ""]
    for claim, verdict in zip(study.claims, verdicts, strict=True):
        lines += _evidence(claim, verdict)
    lines += [*body(report), *_pictures(report, directory, home)]
    lines += [
        *provenance_lines(report),
        f"- study file: SHA-256 `{study.digest}`, registered before the first trial",
        "",
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def _evidence(claim: WalkClaim, verdict: Verdict) -> list[str]:
    rule = ", ".join(
        f"{key} {_plain(value)}" for key, value in claim.rule.items() if key not in ("rows", "subject")
    )
    lines = [f"**{claim.name}** ({claim.kind}{': ' if rule else ''}{rule}): {verdict.answer}", ""]
    for record in verdict.evidence:
        figures = ", ".join(
            f"{key} {_plain(value)}"
            for key, value in record.items()
            if key not in ("subject", "answer", "minimum", "maximum") and value is not None
        )
        lines.append(f"- {figures}: {record['answer']}")
    return [*lines, ""]


def _pictures(report: WalkReport, directory: Path, home: Path) -> list[str]:
    names = [subject.label for subject in report.subjects]
    shared = [*steps_pictures(report), *tracking_pictures(report), *recovery_pictures(report)]
    own = [*gait_pictures(report, directory), *kick_pictures(report, directory)]
    lines = ["## Pictures", ""] if shared or own else []
    for picture in [*shared, *own]:
        keys = names if picture in shared else []
        (home / f"{picture.name}.svg").write_text(picture.chart.standalone(keys), encoding="utf-8")
        lines += [f"![{picture.caption}]({picture.name}.svg)", "", picture.caption, ""]
    return lines


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return " ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
