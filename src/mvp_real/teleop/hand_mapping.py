"""From the operator's fingers to joint targets of a robot hand: only under the clutch, inside every limit.

The counterpart of `arm_mapping` for a hand: the same clutch, and steps that the driver's limiter never has to clamp. A
posture is absolute, so that taking the clutch lets the fingers go to the operator's posture at limited speed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mvp_real.messages import FloatArray, JointReading
from mvp_real.robots.allegro.table import HandTable
from mvp_real.robots.limits import Limits
from mvp_real.robots.step_budget import StepBudget
from mvp_real.teleop.arm_mapping import READING_AGE, Motion
from mvp_real.teleop.clutch import Clutch, ClutchSettings
from mvp_real.teleop.hand_retargeting import HandRetargeter, RetargetingSettings
from mvp_real.teleop.hand_sample import HandSample

SHARE = 0.85  # of the limiter's step, so that jitter of the times is never clamped


class HandMapping:
    """Joint targets of one robot hand from one hand of the operator.

    Args:
        table: Variant and side; the operator's hand of the same side moves it.
        limits: What the driver's limiter enforces.
        clutch: What makes a pose doubtful.
        retargeting: Weights and smoothing.

    Attributes:
        clutch: State of the clutch, for reports.
        retargeter: What turns fingers into joints, with the size of the operator's hand.
    """

    def __init__(
        self,
        table: HandTable,
        limits: Limits,
        clutch: ClutchSettings | None = None,
        retargeting: RetargetingSettings | None = None,
    ) -> None:
        self.clutch = Clutch(clutch)
        self.retargeter = HandRetargeter(table, retargeting)
        self._table, self._limits = table, limits
        self._budget = StepBudget(limits)
        self._reading: JointReading | None = None
        self._target: FloatArray = table.home.copy()
        self._blocked = ""
        self._robot_time = -np.inf

    @property
    def side(self) -> str:
        """Which of the operator's hands counts."""
        return self._table.side

    def facts(self) -> dict[str, Any]:
        """What a status shows."""
        size = self.retargeter.size
        lengths = [round(v, 4) for v in size.lengths().tolist()] if size.known else []
        return {"finger_lengths": lengths}

    @property
    def moving(self) -> bool:
        """Whether the operator's fingers move the hand."""
        return self.clutch.engaged

    def joints(self, reading: JointReading) -> None:
        """Take measured joints.

        Raises:
            ValueError: Other joints than the hand's, or an angle that is not finite.
        """
        if reading.names != self._table.joint_names or len(reading.position) != len(self._table.joint_names):
            raise ValueError(
                f"joint names are {', '.join(reading.names)}; expected those of {self._table.name}"
            )
        if not np.all(np.isfinite(reading.position)):
            raise ValueError(f"joint state is not finite: {reading.position.tolist()}")
        self._reading = reading

    def block(self, reason: str) -> None:
        """The driver does not move (any more), or moves again with an empty reason."""
        self._blocked = reason
        if reason and self.clutch.engaged:
            self.clutch.release(reason)

    def feed(self, sample: HandSample, now: float, robot_now: float) -> Motion:
        """Take a sample of the operator's hand and say where the fingers go; see `ArmMapping.feed`."""
        if sample.side != self._table.side or (sample.fingers is None and sample.tracked):
            return self._answer(None, f"waiting for the bare {self._table.side} hand")
        wanted = self._retargeted(sample)
        began = self.clutch.feed(sample, now)
        stale = self._stale(now)
        if self.clutch.engaged and stale:
            self.clutch.release(stale)
        if robot_now < self._robot_time and self.clutch.engaged:
            self.clutch.release("the robot's clock jumped back")
        self._robot_time = robot_now
        if not self.clutch.engaged or wanted is None:
            return self._answer(None, self.clutch.reason)
        if began:
            assert self._reading is not None
            self._target = np.clip(self._reading.position, self._limits.lower, self._limits.upper)
            self._budget.restart(robot_now, allowance=0.0)
        change = np.clip(wanted, self._limits.lower, self._limits.upper) - self._target
        scale = self._budget.scale((change / SHARE).tolist(), robot_now)
        self._budget.spend((scale * change).tolist(), robot_now)
        self._target = self._target + scale * change
        return self._answer(self._target, "")

    def watch(self, now: float) -> Motion:
        """Release the clutch when hand or joints stay silent; call it at 20 Hz or more."""
        self.clutch.watch(now)
        stale = self._stale(now)
        if self.clutch.engaged and stale:
            self.clutch.release(stale)
        return self._answer(None, self.clutch.reason)

    def _retargeted(self, sample: HandSample) -> FloatArray | None:
        if sample.fingers is None:
            return None
        try:
            # Also while the clutch is released: the size of the hand is known, and the solver warm, when it is taken.
            return self.retargeter.feed(sample.fingers, sample.stamp)
        except ValueError as error:
            self.clutch.release(str(error))
            return None

    def _stale(self, now: float) -> str:
        if self._blocked:
            return self._blocked
        if self._reading is None:
            return "no joint state yet"
        age = now - self._reading.stamp
        if age > READING_AGE:
            return f"joint state is {age:.2f} s old"
        return "" if self.retargeter.size.known else "measuring the size of the hand"

    def _answer(self, position: FloatArray | None, reason: str) -> Motion:
        return Motion(position, "moving" if self.clutch.engaged else "released", reason)
