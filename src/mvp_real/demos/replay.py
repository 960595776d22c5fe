"""Feeds a recorded demonstration to a robot as joint deltas and measures how well the joints follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mvp_real.demos.reader import Demonstration
from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray, JointReading, JointTarget

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
        recorded, replayed: (N, 7) joint paths, rad.
        rms: Root mean square over steps and joints, rad.
        rms_per_joint: (7,) rad.
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
    replayed = np.empty((steps, 7))
    refused: list[str] = []
    reading = arm.read()
    away = np.abs(reading.position[:7] - demonstration.state[0, :7])
    if away.max() > 0.05:
        joint = int(away.argmax())
        raise MvpRealError(
            f"joint{joint + 1} is {away[joint]:.3f} rad from where the demonstration begins; home the arm "
            f"first"
        )
    for step in range(steps):
        reading = arm.read()
        replayed[step] = reading.position[:7]
        target = demonstration.executed[step].copy()
        target[:7] += reading.position[:7] - demonstration.state[step, :7]
        verdict = arm.command(JointTarget(reading.names, target, reading.stamp, period))
        reason = getattr(verdict, "reason", "")
        if reason:
            refused.append(f"step {step}: {reason}")
        advance(period)
        if progress is not None:
            progress(step + 1, steps)
    difference = replayed - demonstration.state[:, :7]
    return ReplayReport(
        recorded=demonstration.state[:, :7],
        replayed=replayed,
        rms=float(np.sqrt(np.mean(difference**2))),
        rms_per_joint=np.sqrt(np.mean(difference**2, axis=0)),
        refused=tuple(refused),
    )
