"""The report as one HTML file without script or outside resources."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from mvp_real.evaluation.locomotion.charts import STYLE as CHART_STYLE
from mvp_real.evaluation.locomotion.charts import legend
from mvp_real.evaluation.locomotion.page_tables import (
    EFFORT_COLUMNS,
    WALK_COLUMNS,
    clip_section,
    comparison_section,
    measure_section,
    overall_section,
    survival_section,
)
from mvp_real.evaluation.locomotion.pictures import (
    Picture,
    gait_pictures,
    kick_pictures,
    recovery_pictures,
    steps_pictures,
    tracking_pictures,
)
from mvp_real.evaluation.locomotion.results import WalkReport
from mvp_real.evaluation.page_document import document, provenance_section
from mvp_real.evaluation.page_sections import table
from mvp_real.evaluation.report import PAGE_FILE


def write_page(report: WalkReport, directory: Path) -> Path:
    """Write `report.html`; clips and traces are looked for below `directory`."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / PAGE_FILE
    path.write_text(render_page(report, directory), encoding="utf-8")
    return path


def render_page(report: WalkReport, directory: Path) -> str:
    """The whole page as text."""
    notes = [*report.notes]
    if not report.complete:
        notes.insert(0, f"{len(report.trials)} of {report.planned} planned trials have been run.")
    key = legend([subject.label for subject in report.subjects])
    sections = [
        survival_section(report),
        _charts("Steps", steps_pictures(report), key),
        overall_section(report),
        _charts("Velocity tracking", tracking_pictures(report), key),
        _charts("Gait", gait_pictures(report, directory)),
        _charts("Tilt under kicks", kick_pictures(report, directory)),
        _charts("Recovery from a weak motor", recovery_pictures(report), key),
        measure_section(
            report, "How they walk", WALK_COLUMNS, "Means over the robots that walked long enough."
        ),
        measure_section(
            report,
            "Torques and speeds",
            EFFORT_COLUMNS,
            "Means over robots, in shares of the motors' limits, the largest over all motors; the half second before a "
            "fall is left out. Torques are cut at the limit, speeds are not.",
        ),
        comparison_section(report),
        clip_section(report, directory),
        _subjects(report),
        provenance_section(
            report.provenance,
            {"robots": report.seeds, **report.extra.get("provenance_items", {})},
            report.command,
        ),
    ]
    return document(report.title, report.lead, notes, sections, CHART_STYLE)


def _charts(title: str, pictures: Sequence[Picture], key: str = "") -> str:
    if not pictures:
        return ""
    figures = "".join(
        f"<figure>{picture.chart.render()}<figcaption>{escape(picture.caption)}</figcaption></figure>"
        for picture in pictures
    )
    return f'<h2>{escape(title)}</h2>{key}<div class="charts">{figures}</div>'


def _subjects(report: WalkReport) -> str:
    lines = [
        (
            escape(subject.label),
            escape(subject.about),
            escape(subject.bundle),
            escape(subject.history),
            f"<code>{escape(subject.digest[:12])}</code>",
        )
        for subject in report.subjects
    ]
    head = ("policy", "what it is", "bundle", "history", "file")
    return f"<h2>Policies</h2>{table('As loaded for these trials.', head, lines)}" if lines else ""
