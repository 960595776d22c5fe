"""Figures of one demonstration and of a set: how long, how far, how smooth, how complete."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mvp_real.demos.reader import Demonstration
from mvp_real.messages import FloatArray

IDLE_STEP = 0.004
"""Joint change below which a step teaches nothing, rad (mvp_real sheet, step filter)."""


@dataclass(frozen=True)
class EpisodeStatistics:
    """Figures of one demonstration.

    Attributes:
        id: Its name.
        outcome: "success", "failure", "unknown" or "interrupted".
        steps: Control steps.
        seconds: From first to last step.
        path: (m,) way of each arm joint, rad.
        largest_step: Largest change that a label asks of a joint in one step, rad.
        largest_step_joint: Name of that joint.
        idle: Share of steps in which no joint moved by 4 mrad and the gripper stayed.
        toggles: Commanded gripper changes.
        images: Images recorded, all cameras together; 0 where the recorder did not count.
        missing_images: Images lost on the way, all cameras together; None where the recorder did not count.
        image_age: 95th percentile of the worst camera, ms, or None.
        problems: What the recorder found wrong.
    """

    id: str
    outcome: str
    steps: int
    seconds: float
    path: FloatArray
    largest_step: float
    largest_step_joint: str
    idle: float
    toggles: int
    images: int
    missing_images: int | None
    image_age: float | None
    problems: tuple[str, ...]


def outcome_name(demonstration: Demonstration) -> str:
    """The verdict in one word."""
    if not demonstration.complete:
        return "interrupted"
    success = demonstration.metadata["outcome"].get("success")
    return {True: "success", False: "failure"}.get(success, "unknown")


def arm_joints(demonstration: Demonstration) -> int:
    """Number of joints without the gripper."""
    names = demonstration.joint_names
    with_gripper = not names or names[-1].endswith("gripper")
    return demonstration.state.shape[1] - int(with_gripper)


def episode_statistics(demonstration: Demonstration) -> EpisodeStatistics:
    """Figures of one demonstration."""
    joints = arm_joints(demonstration)
    state = demonstration.state
    moved = np.abs(np.diff(state[:, :joints], axis=0))
    gripper = np.abs(np.diff(demonstration.executed[:, joints:] > 0.5, axis=0)).sum(axis=1)
    label = np.abs(demonstration.clean[:, :joints] - state[:, :joints])
    worst = int(label.max(axis=0).argmax())
    names = demonstration.joint_names or tuple(f"joint{i + 1}" for i in range(joints))
    idle = (moved.max(axis=1) < IDLE_STEP) & (gripper == 0) if len(moved) else np.zeros(0)
    sync: dict[str, Any] = demonstration.metadata.get("outcome", {}).get("sync") or {}
    cameras = [s for topic, s in sync.get("streams", {}).items() if topic.endswith("/image")]
    ages = [camera["age_p95"] for camera in cameras if camera["age_p95"] is not None]
    return EpisodeStatistics(
        id=demonstration.id,
        outcome=outcome_name(demonstration),
        steps=len(demonstration),
        seconds=float(demonstration.stamps[-1] - demonstration.stamps[0]),
        path=moved.sum(axis=0) if len(moved) else np.zeros(joints),
        largest_step=float(label.max()),
        largest_step_joint=names[worst],
        idle=float(idle.mean()) if len(idle) else 0.0,
        toggles=int(gripper.sum()),
        images=sum(camera["messages"] for camera in cameras),
        missing_images=sum(camera["dropped"] for camera in cameras) if sync else None,
        image_age=max(ages) if ages else None,
        problems=tuple(sync.get("problems", ())),
    )


@dataclass(frozen=True)
class SetStatistics:
    """Figures of a set.

    Attributes:
        episodes: Each one's figures.
        joint_names: Arm joints.
        joint_low, joint_high: (m,) range that was visited, rad.
        largest_step: (m,) largest step a label asks of each joint, rad.
        warnings: What differs between episodes that should not.
    """

    episodes: tuple[EpisodeStatistics, ...]
    joint_names: tuple[str, ...]
    joint_low: FloatArray
    joint_high: FloatArray
    largest_step: FloatArray
    warnings: tuple[str, ...] = ()

    @property
    def steps(self) -> int:
        """Control steps of all episodes."""
        return sum(episode.steps for episode in self.episodes)

    @property
    def seconds(self) -> float:
        """Recorded time of all episodes."""
        return sum(episode.seconds for episode in self.episodes)


def set_statistics(demonstrations: Sequence[Demonstration]) -> SetStatistics:
    """Figures of a set of at least one demonstration."""
    joints = arm_joints(demonstrations[0])
    alike = [d for d in demonstrations if arm_joints(d) == joints]
    warnings = list(_differences(demonstrations))
    if len(alike) < len(demonstrations):
        warnings.append(f"{len(demonstrations) - len(alike)} episodes are of a robot with other joints")
    states = np.concatenate([d.state[:, :joints] for d in alike])
    labels = np.concatenate([np.abs(d.clean[:, :joints] - d.state[:, :joints]) for d in alike])
    names = demonstrations[0].joint_names[:joints] or tuple(f"joint{i + 1}" for i in range(joints))
    return SetStatistics(
        tuple(episode_statistics(d) for d in demonstrations),
        names,
        states.min(axis=0),
        states.max(axis=0),
        labels.max(axis=0),
        tuple(warnings),
    )


def _differences(demonstrations: Sequence[Demonstration]) -> list[str]:
    found = []
    for key in ("task", "robot", "robot_table_sha256", "calibration_sha256", "control_period"):
        values = {str(d.metadata[key]) for d in demonstrations if d.metadata.get(key)}
        if len(values) > 1:
            found.append(f"{len(values)} different values of '{key}' in one set")
    return found
