"""A set of demonstrations on one page: thumbnails, paths, figures, and what to look at. One HTML file, no scripts."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mvp_real.demos.image_codec import jpeg
from mvp_real.demos.page_plots import LINES, gripper_line, histogram, joint_lines, overlay
from mvp_real.demos.page_style import STYLE
from mvp_real.demos.reader import Demonstration
from mvp_real.demos.statistics import EpisodeStatistics, SetStatistics, arm_joints
from mvp_real.errors import require

THUMBNAILS = 6
THUMBNAIL_WIDTH = 176


def write_page(demonstrations: Sequence[Demonstration], figures: SetStatistics, path: Path) -> Path:
    """Write the page.

    Args:
        demonstrations: The set, at least one.
        figures: Their statistics, in the same order.
        path: The HTML file.
    """
    first = demonstrations[0].metadata
    title = f"{first.get('task', 'demonstrations')}, {first.get('robot', 'robot')}"
    good = sum(episode.outcome == "success" for episode in figures.episodes)
    tiles = {
        "demonstrations": str(len(demonstrations)),
        "marked as success": str(good),
        "control steps": f"{figures.steps:,}",
        "minutes recorded": f"{figures.seconds / 60:.1f}",
        "median length": f"{np.median([episode.seconds for episode in figures.episodes]):.1f} s",
    }
    parts = [
        f"<h1>{html.escape(title)}</h1>",
        f'<p class="faint">{html.escape(_span(demonstrations))}</p>',
        '<div class="tiles">',
        *(f'<div class="tile"><b>{value}</b><span>{name}</span></div>' for name, value in tiles.items()),
        "</div>",
        _problems(figures),
        "<h2>All paths</h2>",
        _key(figures.joint_names),
        _paths(demonstrations, figures),
        "<h2>Joints</h2>",
        _joint_table(figures),
        "<h2>Demonstrations</h2>",
        *(_episode(d, e) for d, e in zip(demonstrations, figures.episodes, strict=True)),
    ]
    page = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{STYLE}</style></head>'
        f"<body><main>{''.join(parts)}</main></body></html>"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
    return path


def _span(demonstrations: Sequence[Demonstration]) -> str:
    times = sorted(str(d.metadata["began"]) for d in demonstrations if d.metadata.get("began"))
    operators = sorted({str(d.metadata["operator"]) for d in demonstrations if d.metadata.get("operator")})
    parts = [f"recorded {times[0]} to {times[-1]}"] if times else []
    parts += [f"by {', '.join(operators)}"] if operators else []
    parts += sorted({str(d.metadata["software"]) for d in demonstrations if d.metadata.get("software")})
    return "; ".join(parts)


def _problems(figures: SetStatistics) -> str:
    found = list(figures.warnings)
    found += [f"{episode.id}: {problem}" for episode in figures.episodes for problem in episode.problems]
    found += [
        f"{episode.id}: {episode.outcome}" for episode in figures.episodes if episode.outcome != "success"
    ]
    if not found:
        return ""
    items = "".join(f"<li>{html.escape(text)}</li>" for text in found)
    return f'<div class="look"><b>To look at</b><ul>{items}</ul></div>'


def _key(names: Sequence[str]) -> str:
    entries = (
        f'<span><i style="background:{LINES[k % len(LINES)]}"></i>{html.escape(name)}</span>'
        for k, name in enumerate(names)
    )
    return f'<div class="key">{"".join(entries)}</div>'


def _paths(demonstrations: Sequence[Demonstration], figures: SetStatistics) -> str:
    """Every joint over time, all demonstrations on top of each other, and where they spend their lengths."""
    plots = []
    for k, name in enumerate(figures.joint_names):
        curves = [(d.stamps - d.stamps[0], d.state[:, k]) for d in demonstrations if d.state.shape[1] > k]
        plots.append(_plot(f"{name}, rad over s", overlay(curves, LINES[k % len(LINES)])))
    lengths = np.array([episode.seconds for episode in figures.episodes])
    steps = np.array([episode.largest_step for episode in figures.episodes])
    plots.append(_plot("length, s", histogram(lengths)))
    plots.append(_plot("largest step of a demonstration, rad", histogram(steps)))
    return f'<div class="plots">{"".join(plots)}</div>'


def _plot(title: str, drawing: str) -> str:
    return f'<div class="plot"><h3>{html.escape(title)}</h3>{drawing}</div>'


def _joint_table(figures: SetStatistics) -> str:
    rows = [
        f"<tr><td>{html.escape(name)}</td><td>{figures.joint_low[k]:+.3f}</td><td>{figures.joint_high[k]:+.3f}</td>"
        f"<td>{figures.largest_step[k]:.3f}</td></tr>"
        for k, name in enumerate(figures.joint_names)
    ]
    head = "<tr><th>joint</th><th>lowest, rad</th><th>highest, rad</th><th>largest step of a label, rad</th></tr>"
    return f'<div class="scroll"><table>{head}{"".join(rows)}</table></div>'


def _episode(demonstration: Demonstration, figures: EpisodeStatistics) -> str:
    joints = arm_joints(demonstration)
    time = demonstration.stamps - demonstration.stamps[0]
    facts = [
        f"{figures.steps} steps",
        f"{figures.seconds:.1f} s",
        f"largest step {figures.largest_step:.3f} rad",
    ]
    facts.append(f"{figures.idle:.0%} idle")
    if figures.missing_images is not None:
        facts.append(f"{figures.missing_images} images lost")
    if figures.image_age is not None:
        facts.append(f"images {figures.image_age:.0f} ms old (p95)")
    setup = demonstration.metadata.get("setup") or {}
    fruit = setup.get("placement", {}).get("fruit")
    heading = f"{demonstration.id}{f' ({fruit})' if fruit else ''}"
    drawing = joint_lines(time, demonstration.state[:, :joints])
    if demonstration.state.shape[1] > joints:
        grip = '<p class="faint">gripper, commanded dashed</p>' + gripper_line(
            time, demonstration.opening, demonstration.executed[:, -1]
        )
    else:
        grip = ""
    return (
        f'<article id="{html.escape(demonstration.id)}"><header><h3>{html.escape(heading)}</h3>'
        f'<span class="{figures.outcome}">{figures.outcome}</span>'
        f'<span class="faint">{html.escape(", ".join(facts))}</span></header>'
        f'<div class="film">{_film(demonstration)}</div>'
        f'<div class="pair"><div><p class="faint">joints, rad</p>{drawing}</div><div>{grip}</div></div></article>'
    )


def _film(demonstration: Demonstration) -> str:
    """Evenly spaced views of the wrist camera."""
    count = len(demonstration.frames)
    shown = set(np.linspace(0, count - 1, min(count, THUMBNAILS)).round().astype(int).tolist())
    pictures = []
    for step, frame in enumerate(demonstration.frames):
        if step in shown:
            data = base64.b64encode(jpeg(_small(frame), 80)).decode()
            text = f"step {step}, {demonstration.stamps[step] - demonstration.stamps[0]:.1f} s"
            pictures.append(f'<img alt="{text}" title="{text}" src="data:image/jpeg;base64,{data}">')
    return "".join(pictures)


def _small(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    cv2 = require("cv2", "demos")
    height = max(1, round(image.shape[0] * THUMBNAIL_WIDTH / image.shape[1]))
    small: NDArray[np.uint8] = cv2.resize(image, (THUMBNAIL_WIDTH, height), interpolation=cv2.INTER_AREA)
    return small
