"""The report as one HTML file without script or outside resources."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from mvp_real.evaluation.page_document import document, provenance_section
from mvp_real.evaluation.page_sections import (
    clip_section,
    comparison_section,
    failure_section,
    map_section,
    success_section,
    table,
)
from mvp_real.evaluation.report import PAGE_FILE, Report

UNFOLDED = 3  # figures of a card that the page shows at once


def write_page(report: Report, directory: Path) -> Path:
    """Write `report.html`; clips are looked for below `directory`."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / PAGE_FILE
    path.write_text(render_page(report, directory), encoding="utf-8")
    return path


def render_page(report: Report, directory: Path) -> str:
    """The whole page as text."""
    notes = [*report.notes]
    if not report.complete:
        notes.insert(0, f"{report.finished} of {report.planned} planned trials have been run.")
    sections = [
        success_section(report),
        map_section(report),
        comparison_section(report),
        failure_section(report),
        clip_section(report, directory),
        _subjects(report),
        provenance_section(report.provenance, report.extra.get("provenance_items", {}), report.command),
    ]
    return document(report.title, report.lead, notes, sections)


def _subjects(report: Report) -> str:
    if not report.subjects:
        return ""
    rows = [
        (
            escape(subject.label),
            escape(subject.about),
            escape(subject.bundle),
            f"<code>{escape(subject.digest[:12])}</code>",
            escape(subject.encoder),
            escape(subject.readout),
            _card_figures(subject.card_metrics),
        )
        for subject in report.subjects
    ]
    head = ("subject", "what it is", "bundle", "file", "encoder", "readout", "its card says")
    return f"<h2>Subjects</h2>{table('As loaded for these trials.', head, rows)}"


def _card_figures(metrics: Sequence[dict[str, Any]]) -> str:
    """The figures of a card; more than a few are folded away, because a card also quotes its baselines."""
    lines = "<br>".join(escape(_card_figure(metric)) for metric in metrics)
    if len(metrics) <= UNFOLDED:
        return lines
    return f"<details><summary>{len(metrics)} figures</summary>{lines}</details>"


def _card_figure(metric: dict[str, Any]) -> str:
    if metric.get("k") is not None:
        figure = f"{metric['k']}/{metric['n']}"
    else:
        figure = "" if metric.get("value") is None else f"{metric['value']:.4g}"
    return f"{metric['subject']}: {metric['metric']} {figure}"
