"""From the operator's fingers to joint targets of a robot hand: only under the clutch, inside every limit.

The counterpart of `arm_mapping` for a hand: the same clutch, and steps that the driver's limiter never has to clamp. A
posture is absolute, so that taking the clutch lets the fingers go to the operator's posture at limited speed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mvp_real.messages import FloatArray
from mvp_real.robots.allegro.table import HandTable
from mvp_real.robots.limits import Limits
from mvp_real.robots.step_budget import StepBudget
from mvp_real.teleop.clutch import ClutchSettings
from mvp_real.teleop.clutched_mapping import ClutchedMapping, Motion
from mvp_real.teleop.hand_retargeting import HandRetargeter, RetargetingSettings
from mvp_real.teleop.hand_sample import HandSample

SHARE = 0.85  # of the limiter's step, so that jitter of the times is never clamped


class HandMapping(ClutchedMapping):
    """Joint targets of one robot hand from one hand of the operator.

    Args:
        table: Variant and side; the operator's hand of the same side moves it.
        limits: What the driver's limiter enforces.
        clutch: What makes a pose doubtful.
        retargeting: Weights and smoothing.

    Attributes:
        retargeter: What turns fingers into joints, with the size of the operator's hand.
    """

    def __init__(
        self,
        table: HandTable,
        limits: Limits,
        clutch: ClutchSettings | None = None,
        retargeting: RetargetingSettings | None = None,
    ) -> None:
        super().__init__(table.joint_names, clutch)
        self.retargeter = HandRetargeter(table, retargeting)
        self._table, self._limits = table, limits
        self._budget = StepBudget(limits)
        self._target: FloatArray = table.home.copy()

    @property
    def side(self) -> str:
        """Which of the operator's hands counts."""
        return self._table.side

    def facts(self) -> dict[str, Any]:
        """What a status shows."""
        size = self.retargeter.size
        lengths = [round(v, 4) for v in size.lengths().tolist()] if size.known else []
        return {"finger_lengths": lengths}

    def feed(self, sample: HandSample, now: float, robot_now: float) -> Motion:
        """Take a sample of the operator's hand and say where the fingers go; see `ArmMapping.feed`."""
        if sample.side != self._table.side or (sample.fingers is None and sample.tracked):
            return self._answer(None, f"waiting for the bare {self._table.side} hand")
        foreign = self.clutch.engaged and sample.frame_id != self.clutch.owner
        wanted = None if foreign else self._retargeted(sample)
        began, idle = self._take(sample, now, robot_now)
        if idle is not None or wanted is None:
            return idle or self._answer(None, self.clutch.reason)
        if began:
            assert self._reading is not None
            self._target = np.clip(self._reading.position, self._limits.lower, self._limits.upper)
            self._budget.restart(robot_now, allowance=0.0)
        change = np.clip(wanted, self._limits.lower, self._limits.upper) - self._target
        scale = self._budget.scale((change / SHARE).tolist(), robot_now)
        self._budget.spend((scale * change).tolist(), robot_now)
        self._target = self._target + scale * change
        return self._answer(self._target, "")

    def _retargeted(self, sample: HandSample) -> FloatArray | None:
        if sample.fingers is None:
            return None
        try:
            # Also while the clutch is released: the size of the hand is known, and the solver warm, when it is taken.
            return self.retargeter.feed(sample.fingers, sample.stamp)
        except ValueError as error:
            self.clutch.release(str(error))
            return None

    def _unready(self, now: float) -> str:
        reason = super()._unready(now)
        return reason or ("" if self.retargeter.size.known else "measuring the size of the hand")
