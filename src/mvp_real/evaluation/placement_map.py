"""The table seen from above as SVG: where each trial was and how it ended.

Success and failure differ in shape as well as in colour: a filled disc against a hollow square.
"""

from __future__ import annotations

import html
from collections.abc import Sequence

from mvp_real.evaluation.trials import CATEGORIES, TrialRecord

SCALE = 1200.0  # px per m
MARGIN = 22.0  # px around the placement area
RADIUS = 8.5  # px of a marker
DENSE_RADIUS = 5.0  # px where too many trials for numbers share a map
NUMBERED = 40  # so many placements still carry their numbers


def placement_map(trials: Sequence[TrialRecord], area: tuple[float, float, float, float], title: str) -> str:
    """An SVG map of one subject in one scene.

    Args:
        trials: Trials to draw.
        area: (x_low, x_high, y_low, y_high) of the placement area in the base frame, m. The robot's base is
            at the bottom, its x axis points up and its y axis to the left, as the robot sees it.
        title: Accessible name of the picture.
    """
    x_low, x_high, y_low, y_high = area
    width = (y_high - y_low) * SCALE + 2 * MARGIN
    height = (x_high - x_low) * SCALE + 2 * MARGIN
    radius = RADIUS if len(trials) <= NUMBERED else DENSE_RADIUS
    parts = [
        f'<svg class="map" viewBox="0 0 {width:.0f} {height:.0f}" role="img" '
        f'aria-label="{html.escape(title)}">',
        f'<rect class="table" x="{MARGIN / 2:.0f}" y="{MARGIN / 2:.0f}" width="{width - MARGIN:.0f}" '
        f'height="{height - MARGIN:.0f}" rx="8"/>',
        *_grid(area, width, height),
    ]
    for trial in trials:
        across = MARGIN + (y_high - trial.y) * SCALE
        down = MARGIN + (x_high - trial.x) * SCALE
        parts.append(_marker(trial, across, down, radius))
    parts.append("</svg>")
    return "".join(parts)


def _grid(area: tuple[float, float, float, float], width: float, height: float) -> list[str]:
    x_low, x_high, _, y_high = area
    centre = MARGIN + y_high * SCALE
    lines = [
        f'<line class="axis" x1="{centre:.1f}" x2="{centre:.1f}" y1="{MARGIN / 2:.0f}" '
        f'y2="{height - MARGIN / 2:.0f}"/>'
    ]
    step = 0.05
    tick = step * round(x_low / step)
    while tick <= x_high + 1e-9:
        if tick >= x_low - 1e-9:
            down = MARGIN + (x_high - tick) * SCALE
            lines.append(
                f'<line class="grid" x1="{MARGIN / 2:.0f}" x2="{width - MARGIN / 2:.0f}" '
                f'y1="{down:.1f}" y2="{down:.1f}"/>'
                f'<text class="tick" x="{MARGIN / 2 + 4:.0f}" y="{down - 3:.1f}">{100 * tick:.0f} cm</text>'
            )
        tick += step
    return lines


def _marker(trial: TrialRecord, across: float, down: float, radius: float) -> str:
    number = trial.placement.rpartition("-")[2].lstrip("0") or "0"
    what = "success" if trial.success else CATEGORIES[trial.category]
    miss = "" if trial.lateral_miss is None else f", {1000 * trial.lateral_miss:.0f} mm beside at closing"
    tooltip = html.escape(f"{trial.placement}: {trial.fruit}, {what}{miss}")
    if trial.success:
        shape = f'<circle class="success" r="{radius}"/>'
    else:
        side = 1.75 * radius
        shape = (
            f'<rect class="failure" x="{-side / 2:.1f}" y="{-side / 2:.1f}" width="{side:.1f}" '
            f'height="{side:.1f}" rx="2"/>'
        )
    text = f'<text class="number" y="3">{html.escape(number)}</text>' if radius == RADIUS else ""
    return (
        f'<g class="trial" transform="translate({across:.1f} {down:.1f})" tabindex="0">'
        f"<title>{tooltip}</title>{shape}{text}</g>"
    )
