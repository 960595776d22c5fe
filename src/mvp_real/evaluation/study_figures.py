"""Figures of a study as PNG: success rates with intervals, and paired differences of the primary claim."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mvp_real.errors import require
from mvp_real.evaluation.study import Study
from mvp_real.evaluation.summary import SuccessRow
from mvp_real.evaluation.verdict import Verdict

COLOURS = {"plain": "#c98b1b", "varied": "#0b6e99"}
MARKERS = {"plain": "o", "varied": "D"}


def write_figures(
    study: Study, rows: Sequence[SuccessRow], verdicts: Sequence[Verdict], directory: Path
) -> dict[str, Path]:
    """Write the figures that the finished trials allow; the keys say what each shows."""
    figures: dict[str, Path] = {}
    for placements, through in dict.fromkeys((row.placements, row.through) for row in rows):
        members = [row for row in rows if (row.placements, row.through) == (placements, through)]
        name = f"success_{placements.partition('-')[0]}_{through}"
        title = f"Success on {placements.partition('-')[0]} placements, {_how(through)}"
        figures[title] = _success_figure(members, study, title, directory / f"{name}.png")
    for claim, verdict in zip(study.claims, verdicts, strict=True):
        contrasts = [record for record in verdict.evidence if record.get("difference") is not None]
        if claim.kind == "beats" and contrasts:
            title = f"{claim.name}: paired differences, {claim.rule['scene']} scene"
            path = directory / f"{claim.name}.png"
            figures[title] = _difference_figure(contrasts, title, claim.rule["margin"], path)
    return figures


def _success_figure(rows: Sequence[SuccessRow], study: Study, title: str, path: Path) -> Path:
    pyplot = _pyplot()
    names = [name for name in study.subjects if any(_name(row) == name for row in rows)]
    figure, axes = pyplot.subplots(figsize=(7.2, 0.9 + 0.52 * len(names)), layout="constrained")
    for row in rows:
        # Scenes and seeds of one subject lie next to each other on its line.
        offset = (-0.17 if row.scene == "plain" else 0.17) + (0.07 if row.subject.endswith("2") else -0.07)
        y = names.index(_name(row)) + offset
        colour, rate = COLOURS[row.scene], row.rate
        axes.plot([100 * rate.low, 100 * rate.high], [y, y], color=colour, alpha=0.45, lw=3)
        axes.plot(100 * rate.rate, y, MARKERS[row.scene], ms=5, color=colour)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(-2, 102)
    axes.set_xlabel("success, % (Wilson 95 %); one mark per training seed")
    axes.set_title(title, loc="left")
    scenes = list(dict.fromkeys(row.scene for row in rows))
    handles = [pyplot.Line2D([], [], color=COLOURS[s], marker=MARKERS[s], ls="none", label=s) for s in scenes]
    axes.legend(handles=handles, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return _save(figure, axes, path)


def _difference_figure(records: Sequence[dict[str, Any]], title: str, margin: float, path: Path) -> Path:
    pyplot = _pyplot()
    figure, axes = pyplot.subplots(figsize=(7.2, 1.3 + 0.45 * len(records)), layout="constrained")
    for y, record in enumerate(records):
        axes.plot([100 * record["low"], 100 * record["high"]], [y, y], color="#0b6e99", alpha=0.45, lw=4)
        axes.plot(100 * record["difference"], y, "D", color="#0b6e99")
        for seed in record["seeds"]:
            if seed["difference"] is not None:
                axes.plot(100 * seed["difference"], y, "|", color="#333333", ms=11)
    axes.axvline(0, color="#555555", lw=1)
    axes.axvline(100 * margin, color="#555555", lw=1, ls=":")
    axes.set_yticks(range(len(records)), [f"{r['first']} - {r['second']}" for r in records])
    axes.set_ylim(len(records) - 0.5, -0.5)
    axes.set_xlabel("percentage points with 95 % bootstrap interval; dotted: margin")
    axes.set_title(title, loc="left")
    return _save(figure, axes, path)


def _save(figure: Any, axes: Any, path: Path) -> Path:
    axes.grid(axis="x", alpha=0.25)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="y", length=0)
    path.parent.mkdir(parents=True, exist_ok=True)
    # No software version in the file: equal trials give equal bytes.
    figure.savefig(path, dpi=130, facecolor="white", metadata={"Software": None})
    _pyplot().close(figure)
    return path


def _pyplot() -> Any:
    matplotlib = require("matplotlib", "report")
    matplotlib.use("Agg")
    return require("matplotlib.pyplot", "report")


def _name(row: SuccessRow) -> str:
    return row.subject.rpartition("_seed")[0]


def _how(through: str) -> str:
    return "through the nodes" if through == "nodes" else "in one process"
