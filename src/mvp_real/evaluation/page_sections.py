"""Sections of the report page: tables, maps and clips as HTML text; every value is escaped here."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from pathlib import Path

from mvp_real.evaluation.placement_map import NUMBERED, placement_map
from mvp_real.evaluation.report import Report
from mvp_real.evaluation.summary import SuccessRow, comparison_rows, placement_set
from mvp_real.evaluation.trials import CATEGORIES, TrialRecord

EMBED_LIMIT = 24 << 20  # bytes of clips inside the page; further ones are linked beside it
MEDIA = {".mp4": "video/mp4", ".webp": "image/webp", ".gif": "image/gif"}

escape = html.escape


def table(caption: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose first column heads its rows; cells are HTML, numbers are marked by a leading '#'."""
    numeric = ["", *("number" if cell.startswith("#") else "" for cell in rows[0][1:])] if rows else []
    heads = "".join(
        f'<th scope="col" class="{kind}">{escape(text)}</th>'
        for text, kind in zip(head, numeric or [""] * len(head), strict=True)
    )
    body = []
    for row in rows:
        cells = "".join(
            f'<td class="number">{cell[1:]}</td>' if cell.startswith("#") else f"<td>{cell}</td>"
            for cell in row[1:]
        )
        body.append(f'<tr><th scope="row">{row[0]}</th>{cells}</tr>')
    return (
        f'<div class="scroll"><table><caption>{escape(caption)}</caption><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def success_section(report: Report) -> str:
    """Success rates with their intervals drawn on a rail from 0 to 100 %."""
    about = {subject.label: subject.about for subject in report.subjects}
    rows = [
        (
            f'<span title="{escape(about.get(row.subject, ""))}">{escape(row.subject)}</span>',
            escape(row.scene),
            f'{escape(row.placements)} <span class="soft">{escape(row.through)}</span>',
            f"#{row.rate.k}/{row.rate.n}",
            f"#{100 * row.rate.rate:.1f} %",
            _interval(row),
            f"#{100 * row.rate.low:.1f}–{100 * row.rate.high:.1f} %",
            "#" + ("" if row.median_miss is None else f"{1000 * row.median_miss:.0f} mm"),
            "#" + ("" if row.median_duration is None else f"{row.median_duration:.1f} s"),
        )
        for row in report.rows
    ]
    head = (
        "subject", "scene", "placements", "successes", "rate", "0 to 100 %", "Wilson 95 %", "median miss",
        "median time",
    )  # fmt: skip
    caption = (
        "Median miss: horizontal distance from tool point to fruit when the gripper first closed, over all "
        "trials that closed. Median time: simulated time of the successes."
    )
    return f"<h2>Success</h2>{table(caption, head, rows)}"


def comparison_section(report: Report) -> str:
    """Pairwise exact tests, or nothing with a single subject."""
    rows = [
        (
            f"{escape(row.first)} vs {escape(row.second)}",
            escape(row.scene),
            f'{escape(row.placements)} <span class="soft">{escape(row.through)}</span>',
            f"#{row.paired.n}",
            f"#{row.paired.first_only}",
            f"#{row.paired.second_only}",
            f"#{100 * row.paired.difference:+.1f}",
            f"#{probability(row.paired.p)}",
            f"#{probability(row.holm)}",
        )
        for row in comparison_rows(report.outcomes)
        if row.paired.n
    ]
    if not rows:
        return ""
    head = (
        "pair", "scene", "placements", "n", "only first", "only second", "difference, points", "McNemar p",
        "Holm p",
    )  # fmt: skip
    caption = (
        "Same placements, exact two-sided McNemar test; Holm corrects over all pairs of a scene and set."
    )
    return f"<h2>Paired comparisons</h2>{table(caption, head, rows)}"


def map_section(report: Report) -> str:
    """One map per subject, scene and set."""
    groups: dict[tuple[str, str, str, str], list[TrialRecord]] = {}
    for trial in report.trials:
        key = (trial.scene, placement_set(trial.placement), trial.through, trial.subject)
        groups.setdefault(key, []).append(trial)
    figures = []
    for (scene, placements, through, subject), trials in groups.items():
        successes = sum(trial.success for trial in trials)
        title = f"{subject}, {scene}, {placements} placements: {successes} of {len(trials)}"
        figures.append(
            f"<figure>{placement_map(trials, report.area, title)}"
            f"<figcaption><strong>{escape(subject)}</strong>, "
            f"{escape(scene)}, {escape(placements)}, {escape(through)}: {successes}/{len(trials)}"
            "</figcaption></figure>"
        )
    legend = (
        '<div class="legend"><span><svg class="map" viewBox="-11 -11 22 22" aria-hidden="true">'
        '<circle class="success" r="8.5"/></svg>success</span>'
        '<span><svg class="map" viewBox="-11 -11 22 22" aria-hidden="true">'
        '<rect class="failure" x="-7.4" y="-7.4" width="14.8" height="14.8" rx="2"/></svg>failure</span>'
        "<span>The table from above; the robot's base is below the picture, distances from it in cm.</span>"
        "</div>"
    )
    return f'<h2>Where it worked</h2>{legend}<div class="maps">{"".join(figures)}</div>{_numbers(report)}'


def _numbers(report: Report) -> str:
    """Which fruit each number on the maps stands for, for sets small enough to be numbered."""
    fruits: dict[str, dict[int, str]] = {}
    for trial in report.trials:
        name, _, number = trial.placement.rpartition("-")
        fruits.setdefault(name, {})[int(number)] = trial.fruit
    lines = [
        f"{escape(name)}: "
        + ", ".join(f"{number} {escape(fruit)}" for number, fruit in sorted(members.items()))
        for name, members in fruits.items()
        if len(members) <= NUMBERED
    ]
    return "".join(f'<p class="soft" style="max-width:none">{line}.</p>' for line in lines)


def failure_section(report: Report) -> str:
    """Counts per category and the list of failed trials."""
    rows = report.rows
    used = [name for name in CATEGORIES if name and any(name in row.categories for row in rows)]
    if not used:
        return "<h2>Failures</h2><p>None.</p>"
    counts = table(
        "Number of trials per cause, from measured facts.",
        ("subject", "scene", "placements", *(CATEGORIES[name] for name in used)),
        [
            (
                escape(row.subject),
                escape(row.scene),
                f'{escape(row.placements)} <span class="soft">{escape(row.through)}</span>',
                *(f"#{row.categories.get(name, 0) or ''}" for name in used),
            )
            for row in rows
        ],
    )
    failed = [trial for trial in report.trials if not trial.success]
    details = table(
        "Every failed trial.",
        ("trial", "subject", "scene", "fruit", "cause", "miss", "height", "reason"),
        [
            (
                escape(trial.placement),
                escape(trial.subject),
                escape(trial.scene),
                escape(trial.fruit),
                escape(CATEGORIES[trial.category]),
                "#" + ("" if trial.lateral_miss is None else f"{1000 * trial.lateral_miss:.0f} mm"),
                "#" + ("" if trial.height is None else f"{100 * trial.height:.1f} cm"),
                escape(trial.reason),
            )
            for trial in failed
        ],
    )
    listing = f"<details><summary>All {len(failed)} failed trials</summary>{details}</details>"
    return f"<h2>Failures</h2>{counts}{listing}"


def clip_section(report: Report, directory: Path) -> str:
    """Clips, failures first; embedded up to `EMBED_LIMIT`, otherwise linked."""
    budget = EMBED_LIMIT
    figures = []
    for trial in sorted(report.trials, key=lambda trial: trial.success):
        path = directory / trial.clip if trial.clip else None
        if path is None or not path.is_file():
            continue
        size = path.stat().st_size
        budget -= size
        source = _data_url(path) if budget >= 0 else escape(str(trial.clip))
        outcome = (
            '<span class="good">success</span>'
            if trial.success
            else (f'<span class="bad">{escape(CATEGORIES[trial.category])}</span>')
        )
        caption = f"{escape(trial.subject)}, {escape(trial.scene)}, {escape(trial.placement)}"
        if path.suffix == ".mp4":
            media = (
                f'<video controls muted loop playsinline preload="metadata" src="{source}" '
                f'aria-label="{caption}"></video>'
            )
        else:
            media = f'<img loading="lazy" src="{source}" alt="{caption}">'
        figures.append(
            f"<figure>{media}<figcaption><strong>{escape(trial.fruit)}</strong>, {outcome}<br>{caption}"
            "</figcaption></figure>"
        )
    return f'<h2>Clips</h2><div class="clips">{"".join(figures)}</div>' if figures else ""


def probability(p: float) -> str:
    """A p-value for people: three decimals, or the fact that it is smaller."""
    return "&lt; 0.001" if p < 0.001 else f"{p:.3f}"


def _interval(row: SuccessRow) -> str:
    low, high, rate = (10 + 180 * value for value in (row.rate.low, row.rate.high, row.rate.rate))
    text = (
        f"{100 * row.rate.rate:.1f} percent, interval {100 * row.rate.low:.1f} to {100 * row.rate.high:.1f}"
    )
    return (
        f'<svg class="interval" viewBox="0 0 200 22" role="img" aria-label="{text}">'
        '<line class="rail" x1="10" x2="190" y1="11" y2="11"/>'
        f'<line class="range" x1="{low:.1f}" x2="{high:.1f}" y1="11" y2="11"/>'
        f'<circle class="dot" cx="{rate:.1f}" cy="11" r="5"/></svg>'
    )


def _data_url(path: Path) -> str:
    return f"data:{MEDIA[path.suffix]};base64,{base64.b64encode(path.read_bytes()).decode()}"
