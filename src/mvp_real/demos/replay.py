"""Feeds a recorded demonstration to a robot as joint deltas and measures how well the joints follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mvp_real.demos.reader import Demonstration
from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray, JointReading, JointTarget

START_TOLERANCE = 0.05
"""Largest distance of a joint from where the recording begins, rad."""
PATH_TOLERANCE = 0.01
"""Largest RMS distance between recorded and replayed joint path, rad (mvp_real sheet, rule 15)."""


class ReplayArm(Protocol):
    """The part of a robot driver that a replay needs."""

    def read(self) -> JointReading: ...

    def command(self, target: JointTarget) -> object: ...


@dataclass(frozen=True)
class ReplayReport:
    """How a replay compares with its recording.

    Attributes:
        recorded, replayed: (N, m) joint paths, rad.
        rms: Root mean square over steps and joints, rad.
        rms_per_joint: (m,) rad.
        refused: Steps whose target the driver did not pass on unchanged, with the driver's reason.
    """

    recorded: FloatArray
    replayed: FloatArray
    rms: float
    rms_per_joint: FloatArray
    refused: tuple[str, ...]

    @property
    def within_tolerance(self) -> bool:
        """Whether the joint path was reproduced within 0.01 rad RMS."""
        return self.rms <= PATH_TOLERANCE


def approach(
    demonstration: Demonstration,
    arm: ReplayArm,
    advance: Callable[[float], None],
    period: float = 0.2,
    step: float = 0.05,
    patience: int = 300,
) -> None:
    """Bring an enabled arm to where a demonstration begins, in small steps through its limiter.

    Args:
        demonstration: What will be replayed.
        arm: The driver.
        advance: As in `replay`.
        period: Control period, s.
        step: Largest joint change per step, rad.
        patience: Steps after which to give up.

    Raises:
        MvpRealError: The driver refused a step, or the arm did not get there.
    """
    goal = demonstration.state[0]
    joints = _arm_joints(arm.read())
    for _ in range(patience):
        reading = arm.read()
        way = goal[:joints] - reading.position[:joints]
        if np.abs(way).max() <= START_TOLERANCE / 2:
            return
        target = goal.copy()
        target[:joints] = reading.position[:joints] + np.clip(way, -step, step)
        verdict = arm.command(JointTarget(reading.names, target, reading.stamp, period))
        if getattr(verdict, "position", target) is None:
            reason = getattr(verdict, "reason", "")
            raise MvpRealError(f"the way to the start of '{demonstration.id}' was refused: {reason}")
        advance(period)
    joint = int(np.abs(way).argmax())
    raise MvpRealError(
        f"{reading.names[joint]} is still {abs(way[joint]):.3f} rad from the start of '{demonstration.id}'"
    )


def replay(
    demonstration: Demonstration,
    arm: ReplayArm,
    advance: Callable[[float], None],
    period: float = 0.2,
    progress: Callable[[int, int], None] | None = None,
) -> ReplayReport:
    """Replay a demonstration as deltas: each target is the arm's own reading plus the recorded motion.

    Args:
        demonstration: What to replay.
        arm: A driver that is enabled and stands where the demonstration began.
        advance: Lets `period` seconds pass: simulated time, or a sleep on hardware.
        period: Control period, s.
        progress: Called with (step, steps).

    Raises:
        MvpRealError: The arm stands more than 0.05 rad away from the first recorded step.
    """
    steps = len(demonstration)
    reading = arm.read()
    joints = _arm_joints(reading)
    replayed = np.empty((steps, joints))
    refused: list[str] = []
    away = np.abs(reading.position[:joints] - demonstration.state[0, :joints])
    if away.max() > START_TOLERANCE:
        joint = int(away.argmax())
        raise MvpRealError(
            f"joint{joint + 1} is {away[joint]:.3f} rad from where the demonstration begins; home the arm "
            f"first"
        )
    for step in range(steps):
        reading = arm.read()
        replayed[step] = reading.position[:joints]
        target = demonstration.executed[step].copy()
        target[:joints] += reading.position[:joints] - demonstration.state[step, :joints]
        verdict = arm.command(JointTarget(reading.names, target, reading.stamp, period))
        reason = getattr(verdict, "reason", "")
        if reason:
            refused.append(f"step {step}: {reason}")
        advance(period)
        if progress is not None:
            progress(step + 1, steps)
    difference = replayed - demonstration.state[:, :joints]
    return ReplayReport(
        recorded=demonstration.state[:, :joints],
        replayed=replayed,
        rms=float(np.sqrt(np.mean(difference**2))),
        rms_per_joint=np.sqrt(np.mean(difference**2, axis=0)),
        refused=tuple(refused),
    )


def _arm_joints(reading: JointReading) -> int:
    """Number of joints without the gripper, which comes last where there is one."""
    return len(reading.names) - int(reading.names[-1].endswith("gripper"))
