"""What every mapping from an operator's hand to a robot has: clutch, measured joints, and when the clutch opens."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mvp_real.messages import FloatArray, JointReading
from mvp_real.teleop.clutch import Clutch, ClutchSettings
from mvp_real.teleop.hand_sample import HandSample

READING_AGE = 0.3  # s; the clutch is not taken, and not kept, without newer joints


@dataclass(frozen=True, eq=False)
class Motion:
    """Answer to a sample.

    Attributes:
        position: (n,) joint target, rad, an arm's gripper 0 or 1 last; None: hold.
        state: "moving" or "released".
        reason: Why the robot is held or lags behind; empty when it follows.
    """

    position: FloatArray | None
    state: str
    reason: str


class ClutchedMapping:
    """Base of the mappings.

    Args:
        joint_names: (n,) of the robot, in order.
        clutch: What makes a pose doubtful.

    Attributes:
        clutch: State of the clutch, for reports.
    """

    def __init__(self, joint_names: tuple[str, ...], clutch: ClutchSettings | None = None) -> None:
        self.clutch = Clutch(clutch)
        self._joint_names = joint_names
        self._reading: JointReading | None = None
        self._blocked = ""  # why the driver would not move
        self._robot_time = -math.inf

    @property
    def moving(self) -> bool:
        """Whether the operator moves the robot."""
        return self.clutch.engaged

    def joints(self, reading: JointReading) -> None:
        """Take measured joints.

        Raises:
            ValueError: Other joints than the robot's, or an angle that is not finite.
        """
        if reading.names != self._joint_names or len(reading.position) != len(self._joint_names):
            raise ValueError(
                f"joint names are {', '.join(reading.names)}; expected {', '.join(self._joint_names)}"
            )
        if not np.all(np.isfinite(reading.position)):
            raise ValueError(f"joint state is not finite: {reading.position.tolist()}")
        self._reading = reading

    def block(self, reason: str) -> None:
        """The driver does not move (any more), or moves again with an empty reason."""
        self._blocked = reason
        if reason and self.clutch.engaged:
            self.clutch.release(reason)

    def watch(self, now: float) -> Motion:
        """Release the clutch when hand or joints stay silent; call it at 20 Hz or more."""
        self.clutch.watch(now)
        self._release_when_unready(now)
        return self._answer(None, self.clutch.reason)

    def _take(self, sample: HandSample, now: float, robot_now: float) -> tuple[bool, Motion | None]:
        """Show a sample to the clutch: whether it has just been taken, and the answer if this hand moves nothing."""
        began = self.clutch.feed(sample, now)
        self._release_when_unready(now)
        if robot_now < self._robot_time and self.clutch.engaged:
            self.clutch.release("the robot's clock jumped back")
        self._robot_time = robot_now
        if not self.clutch.engaged:
            return False, self._answer(None, self.clutch.reason)
        if sample.frame_id != self.clutch.owner:
            return False, self._answer(None, f"{self.clutch.owner} holds the clutch")
        return began, None

    def _release_when_unready(self, now: float) -> None:
        reason = self._unready(now)
        if self.clutch.engaged and reason:
            self.clutch.release(reason)

    def _unready(self, now: float) -> str:
        """Why nothing may move now; empty if it may."""
        if self._blocked:
            return self._blocked
        if self._reading is None:
            return "no joint state yet"
        age = now - self._reading.stamp
        return f"joint state is {age:.2f} s old" if age > READING_AGE else ""

    def _answer(self, position: FloatArray | None, reason: str) -> Motion:
        return Motion(position, "moving" if self.clutch.engaged else "released", reason)
