"""A demonstration on one page: a row of wrist views above the joints over time."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mvp_real.demos.reader import Demonstration
from mvp_real.errors import require


def save_contact_sheet(demonstration: Demonstration, path: Path, columns: int = 8, rows: int = 2) -> Path:
    """Write a PNG with `columns` x `rows` wrist views, the joint path, the labels and the gripper.

    Args:
        demonstration: What to draw.
        path: The PNG file.
        columns, rows: Layout of the wrist views, evenly spaced in time.
    """
    require("matplotlib", "report")
    from matplotlib.figure import Figure

    steps = len(demonstration)
    shown = np.unique(np.linspace(0, steps - 1, min(steps, columns * rows)).round().astype(int))
    figure = Figure(figsize=(2 * columns, 1.6 * rows + 5), layout="constrained")
    grid = figure.add_gridspec(rows + 3, columns, height_ratios=[1] * rows + [1.5, 1.0, 0.5])
    wanted = set(shown.tolist())
    pictures = {index: frame[::4, ::4] for index, frame in enumerate(demonstration.frames) if index in wanted}
    for place, index in enumerate(shown):
        axes = figure.add_subplot(grid[place // columns, place % columns])
        axes.imshow(pictures[index])
        axes.set_title(f"step {index}", fontsize=8)
        axes.set_axis_off()
    time = demonstration.stamps - demonstration.stamps[0]
    joints = figure.add_subplot(grid[rows, :])
    delta = figure.add_subplot(grid[rows + 1, :], sharex=joints)
    gripper = figure.add_subplot(grid[rows + 2, :], sharex=joints)
    for joint in range(7):
        (line,) = joints.plot(time, demonstration.state[:, joint], label=f"joint{joint + 1}")
        delta.plot(
            time, demonstration.clean[:, joint] - demonstration.state[:, joint], color=line.get_color()
        )
    joints.set_ylabel("measured, rad")
    joints.legend(ncols=7, fontsize=7, loc="upper center")
    delta.set_ylabel("label - measured, rad")
    gripper.step(time, demonstration.opening, label="measured opening", where="post")
    gripper.step(time, demonstration.clean[:, -1], label="commanded", where="post", linestyle="--")
    gripper.set_ylabel("gripper")
    gripper.set_xlabel("s")
    gripper.legend(fontsize=7, loc="lower left")
    figure.suptitle(f"{demonstration.id}: {_headline(demonstration)}", fontsize=10)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=80)
    return path


def _headline(demonstration: Demonstration) -> str:
    metadata = demonstration.metadata
    outcome = metadata.get("outcome", {})
    result = {True: "success", False: "failure"}.get(outcome.get("success"), "no outcome")
    parts = [str(metadata[key]) for key in ("task", "scene") if key in metadata]
    return ", ".join([*parts, f"{len(demonstration)} steps", result])
