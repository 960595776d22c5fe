"""Tables and clips of the report page as HTML text; every value is escaped here."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path

from mvp_real.evaluation.locomotion.condition import GROUPS
from mvp_real.evaluation.locomotion.results import MIRRORED, THESIS, WalkReport
from mvp_real.evaluation.locomotion.summary import (
    Mean,
    RowResult,
    comparisons,
    fastest_command,
    mirror_ratio,
)
from mvp_real.evaluation.locomotion.walk_trial import CATEGORIES
from mvp_real.evaluation.page_sections import EMBED_LIMIT, probability, table
from mvp_real.evaluation.statistics import Proportion

# Measures of the second table: name, heading, factor, unit.
WALK_COLUMNS = (
    ("speed_error", "speed error", 1.0, "m/s"),
    ("turn_error", "turn error", 1.0, "rad/s"),
    ("sideways", "drift", 1.0, "m/s"),
    ("mean_tilt", "tilt", 57.29578, "°"),
    ("single", "one foot", 100.0, "%"),
    ("flight", "no foot", 100.0, "%"),
    ("cadence", "steps/s", 1.0, ""),
    ("clearance", "clearance", 100.0, "cm"),
    ("stance_asymmetry", "left - right", 100.0, "%"),
    ("arm_contralateral", "arm vs other leg", 1.0, ""),
    ("arm_amplitude", "arm swing", 57.29578, "°"),
)
EFFORT_COLUMNS = (
    ("torque", "torque, largest", 100.0, "%"),
    ("torque_999", "torque, 99.9 %", 100.0, "%"),
    ("saturated", "at the torque limit", 100.0, "%"),
    ("speed", "speed, largest", 100.0, "%"),
    ("speed_999", "speed, 99.9 %", 100.0, "%"),
    ("peak_force", "foot force, largest", 1.0, "N"),
)


def survival_section(report: WalkReport) -> str:
    """Who passed, row by row and policy by policy, with intervals and what was asked."""
    results = {(result.row, result.subject): result for result in report.results}
    labels = [subject.label for subject in report.subjects]
    parts = []
    for group, heading in GROUPS.items():
        rows = [row for row in report.rows.values() if row.group == group]
        lines = []
        for row in rows:
            for label in labels:
                result = results.get((row.name, label))
                if result is not None:
                    lines.append(_survival_row(result, row.title))
        if lines:
            head = ("row", "policy", "passed", "0 to 100 %", "Wilson 95 %", "failures", "asked", "")
            parts.append(table(heading, head, lines))
    return f"<h2>Survival</h2>{''.join(parts)}" if parts else ""


def _survival_row(result: RowResult, title: str) -> tuple[str, ...]:
    rate = result.rate
    failures = ", ".join(f"{n} {CATEGORIES[name]}" for name, n in result.categories.items())
    asked = "; ".join(
        f"{demand.what.replace('_', ' ')} {demand.bound:g}"
        + ("" if demand.value is None else f" (is {demand.value:.2f})")
        for demand in result.demands
    )
    verdict = result.verdict
    shown = f'<span class="{"good" if verdict == "reached" else "bad"}">{verdict}</span>' if verdict else ""
    return (
        escape(title),
        escape(result.subject),
        f"#{rate.k}/{rate.n}",
        _rail(rate),
        f"#{100 * rate.low:.0f}–{100 * rate.high:.0f} %",
        escape(failures),
        escape(asked),
        shown,
    )


def overall_section(report: WalkReport) -> str:
    """Figures of a policy as a whole: fastest command, left against right."""
    lines = []
    for subject in report.subjects:
        cells = [escape(subject.label)]
        for row in report.rows.values():
            if row.sweep is not None:
                found = fastest_command(report.of(subject.label, row.name), row)
                achieved = "" if found is None or found[1] is None else f" ({found[1]:.2f} achieved)"
                cells.append("#" + ("" if found is None else f"{found[0]:g} m/s{achieved}"))
        for measure, (left, right) in MIRRORED.items():
            ratio = mirror_ratio(report.of(subject.label, left), report.of(subject.label, right), measure)
            cells.append("#" + ("" if ratio is None else _mean(ratio, 1.0, "")))
        lines.append(tuple(cells))
    sweeps = [row.title for row in report.rows.values() if row.sweep is not None]
    head = ("policy", *sweeps, "sideways, left over right", "turn, left over right")
    if not any(cell not in ("", "#") for line in lines for cell in line[1:]):
        return ""
    thesis = "; ".join(f"{name} {speed:g}" for name, (_, speed) in THESIS.items())
    caption = (
        "Fastest command: the highest up to which no robot fell at any command (tables of the thesis, in the vendor's "
        f"simulator, m/s: {thesis}). Left over right: of the speeds at mirrored commands, robot by robot."
    )
    return f"<h2>Overall</h2>{table(caption, head, lines)}"


def measure_section(
    report: WalkReport, title: str, columns: Sequence[tuple[str, str, float, str]], caption: str
) -> str:
    """Means of some measures with their bootstrap intervals, row by row."""
    lines = [
        (
            escape(report.rows[result.row].title),
            escape(result.subject),
            *(
                "#" + (_mean(result.means[name], factor, unit) if name in result.means else "")
                for name, _, factor, unit in columns
            ),
        )
        for result in report.results
    ]
    if not any(cell != "#" for line in lines for cell in line[2:]):
        return ""
    head = ("row", "policy", *(heading for _, heading, _, _ in columns))
    return f"<h2>{escape(title)}</h2>{table(caption, head, lines)}"


def comparison_section(report: WalkReport) -> str:
    """Pairwise exact tests, or nothing with a single policy."""
    lines = [
        (
            escape(report.rows[pair.row].title),
            f"{escape(pair.first)} vs {escape(pair.second)}",
            f"#{pair.paired.n}",
            f"#{pair.paired.first_only}",
            f"#{pair.paired.second_only}",
            f"#{100 * pair.paired.difference:+.0f}",
            f"#{probability(pair.paired.p)}",
            f"#{probability(pair.holm)}",
        )
        for pair in comparisons(report.trials, report.rows)
    ]
    if not lines:
        return ""
    head = ("row", "pair", "n", "only first", "only second", "difference, points", "McNemar p", "Holm p")
    caption = "The same robots, exact two-sided McNemar test; Holm corrects over the pairs of a row."
    return f"<h2>Paired comparisons</h2>{table(caption, head, lines)}"


def clip_section(report: WalkReport, directory: Path) -> str:
    """One video per row and policy, failures first; embedded up to a limit, otherwise linked."""
    budget = EMBED_LIMIT
    figures = []
    for trial in sorted(report.trials, key=lambda trial: trial.success):
        path = directory / trial.clip if trial.clip else None
        if path is None or not path.is_file():
            continue
        content = path.read_bytes()
        budget -= len(content)
        source = (
            f"data:video/mp4;base64,{base64.b64encode(content).decode()}" if budget >= 0 else str(trial.clip)
        )
        outcome = (
            f'<span class="{"good" if trial.success else "bad"}">{escape(CATEGORIES[trial.category])}</span>'
        )
        caption = f"{escape(trial.subject)}, {escape(report.rows[trial.row].title)}"
        figures.append(
            f'<figure><video controls muted loop playsinline preload="metadata" src="{escape(source)}" '
            f'aria-label="{caption}"></video><figcaption><strong>{escape(report.rows[trial.row].title)}</strong>, '
            f"{outcome}<br>{escape(trial.subject)}, robot {trial.seed}</figcaption></figure>"
        )
    return f'<h2>Clips</h2><div class="clips">{"".join(figures)}</div>' if figures else ""


def _mean(mean: Mean, factor: float, unit: str) -> str:
    digits = 2 if factor == 1.0 and abs(mean.value) < 10 else 1 if abs(factor * mean.value) < 100 else 0
    value, low, high = (f"{factor * v:.{digits}f}" for v in (mean.value, mean.low, mean.high))
    return f'{value} {escape(unit)} <span class="soft">({low} to {high})</span>'.replace("  ", " ")


def _rail(rate: Proportion) -> str:
    low, high, middle = (10 + 180 * value for value in (rate.low, rate.high, rate.rate))
    text = f"{100 * rate.rate:.0f} percent, interval {100 * rate.low:.0f} to {100 * rate.high:.0f}"
    return (
        f'<svg class="interval" viewBox="0 0 200 22" role="img" aria-label="{text}">'
        '<line class="rail" x1="10" x2="190" y1="11" y2="11"/>'
        f'<line class="range" x1="{low:.1f}" x2="{high:.1f}" y1="11" y2="11"/>'
        f'<circle class="dot" cx="{middle:.1f}" cy="11" r="5"/></svg>'
    )
