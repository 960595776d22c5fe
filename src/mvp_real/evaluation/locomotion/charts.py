"""Charts as inline SVG that follow the page's colours: axes, lines, dots, bands. No script, no outside resource."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

SERIES = 7  # colours in `STYLE`; further series begin again
LEFT, RIGHT, TOP, BOTTOM = 46.0, 12.0, 10.0, 34.0

_LIGHT = ("#0b6e99", "#c2560c", "#3f7d2a", "#8a3ea8", "#a3203f", "#6b6a1d", "#3b5bb5")
_DARK = ("#5cc3ee", "#ff9a62", "#8fd071", "#d49af0", "#ff8098", "#d6d36a", "#9db4ff")
STYLE = (
    ":root{"
    + "".join(f"--s{k}:{colour};" for k, colour in enumerate(_LIGHT))
    + "}@media(prefers-color-scheme:dark){:root{"
    + "".join(f"--s{k}:{colour};" for k, colour in enumerate(_DARK))
    + "}}.chart{width:100%;height:auto;display:block}.chart text{fill:var(--soft);font-size:11px}"
    ".chart .axis{stroke:var(--soft);stroke-width:1}.chart .grid{stroke:var(--line);stroke-width:1}"
    ".chart .mark{stroke:var(--soft);stroke-width:1;stroke-dasharray:4 3}"
    ".chart .band{fill:var(--bar);opacity:.6}"
    ".charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(330px,1fr));gap:1rem}"
    ".charts figure{margin:0;background:var(--card);border:1px solid var(--line);border-radius:10px;padding:.7rem}"
    + "".join(
        f".chart .line{k}{{stroke:var(--s{k});fill:none;stroke-width:1.6}}"
        f".chart .thin{k}{{stroke:var(--s{k});fill:none;stroke-width:.8;opacity:.55}}"
        f".chart .dot{k},.key{k}{{fill:var(--s{k})}}.key{k}{{background:var(--s{k})}}"
        for k in range(SERIES)
    )
    + ".key{display:inline-block;width:.8em;height:.8em;border-radius:2px;margin-right:.4em}"
)


class Chart:
    """A plot area with axes. Data outside the ranges is cut at the border.

    Args:
        title: Accessible name of the picture.
        x_range, y_range: Smallest and largest value shown.
        x_label, y_label: Axis labels with their units.
        width, height: Size of the picture, px of its own coordinates.
        y_ticks: Whether the y axis has numbers.
    """

    def __init__(
        self,
        title: str,
        x_range: tuple[float, float],
        y_range: tuple[float, float],
        x_label: str,
        y_label: str,
        width: float = 420.0,
        height: float = 240.0,
        y_ticks: bool = True,
    ) -> None:
        self._title, self._x_range, self._y_range = title, x_range, y_range
        self._width, self._height = width, height
        self._parts: list[str] = []
        for value in ticks(*x_range):
            self._parts.append(self._rule("grid", x=value))
            self._parts.append(self._text(self._across(value), height - BOTTOM + 13, f"{value:g}", "middle"))
        for value in ticks(*y_range) if y_ticks else ():
            self._parts.append(self._rule("grid", y=value))
            self._parts.append(self._text(LEFT - 5, self._down(value) + 4, f"{value:g}", "end"))
        self._parts.append(self._text((LEFT + width - RIGHT) / 2, height - 5, x_label, "middle"))
        place = (
            f'transform="translate(11 {(TOP + height - BOTTOM) / 2:.0f}) rotate(-90)" text-anchor="middle"'
        )
        self._parts.append(f"<text {place}>{html.escape(y_label)}</text>")

    def line(self, xs: Sequence[float], ys: Sequence[float], series: int = 0, thin: bool = False) -> None:
        """A line through points; it is interrupted where a value is not finite."""
        kind = f"{'thin' if thin else 'line'}{series % SERIES}"
        for run in _finite_runs(xs, ys):
            points = " ".join(f"{self._across(x):.1f},{self._down(y):.1f}" for x, y in run)
            self._parts.append(f'<polyline class="{kind}" points="{points}"/>')

    def dots(
        self,
        xs: Sequence[float],
        ys: Sequence[float],
        series: int = 0,
        names: Sequence[str] = (),
        radius: float = 2.6,
    ) -> None:
        """Points, each with a tooltip if it has a name."""
        for place, (x, y) in enumerate(zip(xs, ys, strict=True)):
            if math.isfinite(x) and math.isfinite(y):
                tip = f"<title>{html.escape(names[place])}</title>" if names else ""
                self._parts.append(
                    f'<circle class="dot{series % SERIES}" cx="{self._across(x):.1f}" cy="{self._down(y):.1f}" '
                    f'r="{radius:g}">{tip}</circle>'
                )

    def bar(self, start: float, end: float, low: float, high: float, series: int = 0) -> None:
        """A filled rectangle in data coordinates."""
        left, right = self._across(start), self._across(end)
        top, bottom = self._down(high), self._down(low)
        self._parts.append(
            f'<rect class="dot{series % SERIES}" x="{left:.1f}" y="{top:.1f}" width="{max(right - left, 0.5):.1f}" '
            f'height="{max(bottom - top, 0.5):.1f}"/>'
        )

    def vertical(self, x: float) -> None:
        """A dashed line at a place of the x axis."""
        self._parts.append(self._rule("mark", x=x))

    def horizontal(self, y: float) -> None:
        """A dashed line at a height of the y axis."""
        self._parts.append(self._rule("mark", y=y))

    def label(self, x: float, y: float, text: str, anchor: str = "start") -> None:
        """A text at a point."""
        self._parts.append(self._text(self._across(x), self._down(y), text, anchor))

    def render(self) -> str:
        """The SVG element."""
        return (
            f'<svg class="chart" viewBox="0 0 {self._width:.0f} {self._height:.0f}" role="img" '
            f'aria-label="{html.escape(self._title)}">{"".join(self._parts)}</svg>'
        )

    def standalone(self, names: Sequence[str] = ()) -> str:
        """The chart as an SVG file in light colours, with the names of its series below it."""
        keys, across = [], LEFT
        for number, name in enumerate(names):
            keys.append(
                f'<rect class="dot{number % SERIES}" x="{across:.0f}" y="{self._height + 4:.0f}" width="9" height="9"/>'
            )
            keys.append(self._text(across + 13, self._height + 12.5, name, "start"))
            across += 24 + 6.2 * len(name)
        height = self._height + (20 if names else 0)
        width = max(self._width, across)
        colours = "".join(
            f".dot{k}{{fill:{c}}}.line{k},.thin{k}{{stroke:{c};fill:none}}" for k, c in enumerate(_LIGHT)
        )
        thin = "".join(
            f".thin{k}{{stroke-width:.8;opacity:.55}}.line{k}{{stroke-width:1.6}}" for k in range(SERIES)
        )
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{1.6 * width:.0f}" '
            f'role="img"><title>{html.escape(self._title)}</title><style>text{{font:11px system-ui,sans-serif;'
            f"fill:#5b6270}}.grid{{stroke:#dcd9d0}}.mark{{stroke:#5b6270;stroke-dasharray:4 3}}{colours}{thin}</style>"
            f'<rect width="{width:.0f}" height="{height:.0f}" fill="#fff"/>'
            f"{''.join(self._parts)}{''.join(keys)}</svg>\n"
        )

    def _across(self, x: float) -> float:
        low, high = self._x_range
        share = min(max((x - low) / (high - low), 0.0), 1.0)
        return LEFT + share * (self._width - LEFT - RIGHT)

    def _down(self, y: float) -> float:
        low, high = self._y_range
        share = min(max((y - low) / (high - low), 0.0), 1.0)
        return self._height - BOTTOM - share * (self._height - TOP - BOTTOM)

    def _rule(self, kind: str, x: float | None = None, y: float | None = None) -> str:
        left, right, top, bottom = LEFT, self._width - RIGHT, TOP, self._height - BOTTOM
        if x is not None:
            left = right = self._across(x)
        if y is not None:
            top = bottom = self._down(y)
        return f'<line class="{kind}" x1="{left:.1f}" x2="{right:.1f}" y1="{top:.1f}" y2="{bottom:.1f}"/>'

    def _text(self, x: float, y: float, text: str, anchor: str) -> str:
        return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{html.escape(text)}</text>'


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Round values between the bounds, about `wanted` of them."""
    raw = (high - low) / wanted
    magnitude = 10.0 ** math.floor(math.log10(raw))
    step = next(magnitude * m for m in (1.0, 2.0, 2.5, 5.0, 10.0) if magnitude * m >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(k * step, 10) + 0.0 for k in range(first, math.floor(high / step + 1e-9) + 1)]


def legend(names: Sequence[str]) -> str:
    """Names of the series with their colours."""
    keys = "".join(
        f'<span><span class="key key{k % SERIES}"></span>{html.escape(name)}</span>'
        for k, name in enumerate(names)
    )
    return f'<div class="legend">{keys}</div>'


def _finite_runs(xs: Sequence[float], ys: Sequence[float]) -> list[list[tuple[float, float]]]:
    runs: list[list[tuple[float, float]]] = [[]]
    for x, y in zip(xs, ys, strict=True):
        if math.isfinite(x) and math.isfinite(y):
            runs[-1].append((float(x), float(y)))
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if len(run) > 1]
