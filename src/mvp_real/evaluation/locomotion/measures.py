"""From a trajectory to trials: who passed, and every figure of each robot."""

from __future__ import annotations

import math
from dataclasses import asdict, replace

import numpy as np

from mvp_real.evaluation.locomotion.condition import Condition
from mvp_real.evaluation.locomotion.effort import effort
from mvp_real.evaluation.locomotion.gait_measures import arm_swing, gait
from mvp_real.evaluation.locomotion.recovery import Bins, bins_of, recovery
from mvp_real.evaluation.locomotion.tracking import tracking
from mvp_real.evaluation.locomotion.trajectory import ENDS, Trajectory
from mvp_real.evaluation.locomotion.walk_trial import WalkTrial
from mvp_real.evaluation.provenance import now


def trials_of(
    trajectory: Trajectory,
    condition: Condition,
    protocol: str,
    subject: str,
    bundle: str,
    digest: str,
    wall: float,
) -> list[WalkTrial]:
    """The trial of every robot.

    Args:
        trajectory: What the robots did.
        condition: The row.
        protocol: Digest of the row.
        subject, bundle, digest: Label, bundle and file of the policy.
        wall: Time the row took, s.
    """
    finished = now()
    trials = []
    for robot in range(trajectory.robots):
        category = category_of(trajectory, condition, robot)
        trials.append(
            WalkTrial(
                subject,
                condition.name,
                protocol,
                robot,
                int(trajectory.seeds[robot]),
                condition.command_of(robot),
                bundle,
                digest,
                category == "",
                category,
                round(trajectory.seconds(robot), 6),
                condition.seconds,
                measures_of(trajectory, condition, robot),
                series_of(trajectory, condition, robot),
                None,
                wall,
                finished,
            )
        )
    return trials


def with_clips(trials: list[WalkTrial], clips: dict[int, str]) -> list[WalkTrial]:
    """The trials with the paths of their videos, by index."""
    return [replace(trial, clip=clips.get(trial.index)) for trial in trials]


def category_of(trajectory: Trajectory, condition: Condition, robot: int) -> str:
    """Why a robot did not pass; empty if it did."""
    end = ENDS[int(trajectory.end[robot])]
    if end != "time":
        return end
    if condition.goal is not None:
        last = trajectory.sole[int(trajectory.steps[robot]) - 1, robot, :, 0]
        start = trajectory.position[0, robot, 0]
        if float(last.min() - start) < condition.goal:
            return "not_passed"
    return ""


def measures_of(trajectory: Trajectory, condition: Condition, robot: int) -> dict[str, float]:
    """Every figure of one robot by name; what could not be measured is absent."""
    lasted = slice(0, int(trajectory.steps[robot]))
    found: dict[str, float] = {}
    if lasted.stop:
        place = trajectory.position[lasted, robot]
        found["largest_tilt"] = float(trajectory.tilt[lasted, robot].max())
        found["distance"] = float(np.linalg.norm(np.diff(place[:, :2], axis=0), axis=1).sum())
        found["ahead"] = float(place[-1, 0] - place[0, 0])
    steady = trajectory.steady(robot)
    if steady.stop > steady.start:
        found["mean_tilt"] = float(trajectory.tilt[steady, robot].mean())
    for prefix, part in (
        ("", tracking(trajectory, robot)),
        ("", gait(trajectory, robot)),
        ("arm_", arm_swing(trajectory, robot)),
        ("", effort(trajectory, robot)),
    ):
        if part is not None:
            found |= {f"{prefix}{k}": v for k, v in asdict(part).items() if isinstance(v, float)}
    if condition.gain_drop is not None:
        found |= _recovery(bins_of(trajectory, condition.gain_drop.time, robot))
    return {name: round(value, 6) for name, value in found.items() if math.isfinite(value)}


def _recovery(bins: Bins) -> dict[str, float]:
    """Time until recovery where there is one, and whether the robot has settled in the end (1 or 0)."""
    curve = recovery([bins])
    if curve is None:
        return {}
    time = {"recovery": curve.seconds} if math.isfinite(curve.seconds) else {}
    return {**time, "settled": float(bins.settled)}


def series_of(trajectory: Trajectory, condition: Condition, robot: int) -> dict[str, list[float]]:
    """Error and tilt in bins around a gain drop, for means over robots; nothing in other rows."""
    if condition.gain_drop is None:
        return {}
    bins = bins_of(trajectory, condition.gain_drop.time, robot)
    return {
        "bins": [bins.before, bins.planned],
        "error": [round(value, 6) for value in bins.error],
        "tilt": [round(value, 8) for value in bins.tilt],
    }


def bins_of_trial(trial: WalkTrial) -> Bins | None:
    """Inverse of `series_of`."""
    if "bins" not in trial.series:
        return None
    before, planned = trial.series["bins"]
    return Bins(int(before), int(planned), tuple(trial.series["error"]), tuple(trial.series["tilt"]))
