"""The run as a picture: reward, episode length, divergence and spread over samples."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mvp_real.errors import require

# Each panel shows the first of its names that a log has: PPO writes "kl", a distillation "divergence".
PANELS = (
    (("episode_length",), "episode length, steps"),
    (("reward",), "reward per step"),
    (("kl", "divergence"), "divergence (update, or teacher)"),
    (("std",), "standard deviation of the action"),
)


def read_log(path: Path) -> list[dict[str, Any]]:
    """Rows of a JSONL log; none if there is no file."""
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def draw_curves(rows: Sequence[dict[str, Any]], path: Path) -> Path:
    """Write a PNG of the log's rows."""
    require("matplotlib", "learn")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 6), layout="constrained")
    for number, (names, label) in enumerate(PANELS):
        axes = figure.add_subplot(2, 2, number + 1)
        name = next((name for name in names if any(name in row for row in rows)), names[0])
        points = [(row["samples"] / 1e6, row[name]) for row in rows if name in row]
        if points:
            axes.plot(*zip(*points, strict=True), lw=0.8)
        axes.set(xlabel="million samples", ylabel=label)
        axes.grid(alpha=0.3)
    figure.savefig(path, dpi=90)
    return path
