"""Small line plots as SVG for the page of a set: sharp at any size, without a plotting library."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mvp_real.messages import FloatArray

LINES = ("#2e7dd1", "#1a9c6b", "#d9822b", "#c9302c", "#7a5cc0", "#0f9aa5", "#a08c00", "#6b7280")
GRID = "#98a2b344"
Curve = tuple[FloatArray, FloatArray]


class _Axes:
    """A drawing area with a box of data: numbers at the ends of both axes, nothing that distracts."""

    def __init__(self, x: tuple[float, float], y: tuple[float, float], width: int, height: int) -> None:
        self.width, self.height = width, height
        self._left, self._right, self._top, self._bottom = 40, width - 8, 6, height - 18
        self._x, self._y = x, y
        self._parts: list[str] = []
        for value in y:
            level = self._vertical(value)
            self._parts.append(
                f'<line x1="{self._left}" x2="{self._right}" y1="{level:.1f}" y2="{level:.1f}" stroke="{GRID}"/>'
                f'<text x="{self._left - 4}" y="{level + 4:.1f}" text-anchor="end">{_number(value)}</text>'
            )
        for value, anchor in zip(x, ("start", "end"), strict=True):
            place = self._horizontal(value)
            self._parts.append(
                f'<text x="{place:.1f}" y="{height - 4}" text-anchor="{anchor}">{_number(value)}</text>'
            )

    def line(self, curve: Curve, colour: str, opacity: float = 1.0, dashed: bool = False) -> None:
        points = " ".join(
            f"{self._horizontal(x):.1f},{self._vertical(y):.1f}" for x, y in zip(*curve, strict=True)
        )
        dash = ' stroke-dasharray="4 3"' if dashed else ""
        self._parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5" '
            f'stroke-opacity="{opacity:.2f}"{dash}/>'
        )

    def bar(self, x: tuple[float, float], height: float, colour: str) -> None:
        left, right = self._horizontal(x[0]), self._horizontal(x[1])
        top = self._vertical(height)
        self._parts.append(
            f'<rect x="{left + 1:.1f}" y="{top:.1f}" width="{max(right - left - 2, 1):.1f}" '
            f'height="{self._bottom - top:.1f}" fill="{colour}"/>'
        )

    def finish(self) -> str:
        return f'<svg viewBox="0 0 {self.width} {self.height}" role="img">{"".join(self._parts)}</svg>'

    def _horizontal(self, value: float) -> float:
        low, high = self._x
        return self._left + (value - low) / (high - low) * (self._right - self._left)

    def _vertical(self, value: float) -> float:
        low, high = self._y
        return self._bottom - (value - low) / (high - low) * (self._bottom - self._top)


def overlay(curves: Sequence[Curve], colour: str) -> str:
    """Many curves on top of each other; the more there are, the fainter each one is."""
    axes = _Axes(_range([c[0] for c in curves]), _range([c[1] for c in curves]), 300, 140)
    for curve in curves:
        axes.line(curve, colour, opacity=float(np.clip(6 / len(curves), 0.12, 0.9)))
    return axes.finish()


def joint_lines(time: FloatArray, joints: FloatArray) -> str:
    """The joints of one demonstration over time, (N,) s and (N, m) rad."""
    axes = _Axes(_range([time]), _range([joints]), 760, 170)
    for joint in range(joints.shape[1]):
        axes.line((time, joints[:, joint]), LINES[joint % len(LINES)])
    return axes.finish()


def gripper_line(time: FloatArray, opening: FloatArray, commanded: FloatArray) -> str:
    """Measured opening and command (dashed) of the gripper over time."""
    axes = _Axes(_range([time]), (0.0, 1.0), 260, 170)
    axes.line((time, np.clip(opening, 0, 1)), LINES[0])
    axes.line((time, np.clip(commanded, 0, 1)), LINES[3], dashed=True)
    return axes.finish()


def histogram(values: FloatArray, bins: int = 12) -> str:
    """How often values fall where."""
    counts, edges = np.histogram(values, bins=min(bins, max(1, len(values))), range=_range([values]))
    axes = _Axes((float(edges[0]), float(edges[-1])), (0.0, float(counts.max())), 300, 140)
    for k, count in enumerate(counts):
        if count:
            axes.bar((float(edges[k]), float(edges[k + 1])), float(count), LINES[0])
    return axes.finish()


def _range(arrays: Sequence[FloatArray]) -> tuple[float, float]:
    low, high = min(float(a.min()) for a in arrays), max(float(a.max()) for a in arrays)
    return (low, high) if high - low > 1e-6 else (low - 0.5, low + 0.5)


def _number(value: float) -> str:
    """At most six characters for what a plot shows, so that none is cut off at the page's left."""
    if abs(value) >= 100 or value == round(value):
        return f"{value:.0f}"
    return f"{value:.3g}" if abs(value) >= 1 else f"{value:.3f}"
