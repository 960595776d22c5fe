"""The training loss as a picture."""

from __future__ import annotations

from pathlib import Path

from mvp_real.errors import require
from mvp_real.training.imitation.behaviour_cloning import TrainingReport


def save_loss_curve(report: TrainingReport, path: Path, title: str) -> Path:
    """Write a PNG of the loss per epoch beside the loss of standing still."""
    require("matplotlib", "learn")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot()
    axes.semilogy(range(1, len(report.losses) + 1), report.losses, label="training loss")
    axes.axhline(report.zero_action_loss, color="grey", linestyle="--", label="zero action")
    axes.set_xlabel("epoch")
    axes.set_ylabel("mean squared error")
    axes.set_title(title)
    axes.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)
    return path
