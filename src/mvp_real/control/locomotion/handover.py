"""From the targets of the vendor's controller to those of the policy, without a jump."""

from __future__ import annotations

import numpy as np

from mvp_real.control.locomotion.spaces import ACTION_SIZE, encode_targets, limit_action
from mvp_real.messages import FloatArray
from mvp_real.robots.digit import DigitTable


class Handover:
    """Blends actions, which blends targets and gains alike because both are affine in the action.

    Args:
        table: The robot.
        blend: s from the vendor's targets to full authority.

    Attributes:
        standing: (36,) what the vendor's controller does, as an action; the start of the blend.
    """

    def __init__(self, table: DigitTable, blend: float) -> None:
        self._table, self._blend = table, blend
        self.restart()

    def restart(self) -> None:
        """Before the policy is engaged."""
        self.standing: FloatArray = np.zeros(ACTION_SIZE)
        self._passed = 0.0

    @property
    def done(self) -> bool:
        """Whether the policy has full authority."""
        return self._passed >= self._blend

    def observe(self, motor_targets: FloatArray) -> FloatArray:
        """Take the targets (20,) rad that explain what the motors do now, and return them as `standing`.

        What the vendor's controller really sends is not known.
        """
        self.standing = limit_action(encode_targets(motor_targets, self._table))
        return self.standing

    def blend(self, action: FloatArray, seconds: float) -> FloatArray:
        """The mixture (36,) for a policy's action (36,), `seconds` after the last one."""
        if self.done:
            return action
        self._passed = min(self._passed + seconds, self._blend)
        share = self._passed / self._blend if self._blend > 0.0 else 1.0
        return (1.0 - share) * self.standing + share * action
