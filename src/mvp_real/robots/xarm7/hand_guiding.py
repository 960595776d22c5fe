"""Kinesthetic teaching: in the box's mode 2 the motors carry the arm's own weight, and a person moves it by hand.

The servo stream is silent meanwhile, and the arm's part of a target is not executed; a change of the gripper's is. The
box balances what it was told that the tool weighs: with a wrong payload the arm sinks or rises as soon as it is let go.
"""

from __future__ import annotations

import math

from mvp_real.messages import JointTarget
from mvp_real.robots.input_checks import bad_target
from mvp_real.robots.limits import Limits
from mvp_real.robots.verdict import DriverState, Verdict
from mvp_real.robots.xarm7.client import TEACH_MODE, ControllerFault
from mvp_real.robots.xarm7.session import ArmSession

CHANGED = 0.1  # of the opening that is asked for, from which it is another one
SILENCE = 2.0  # s without a target, where there were some, after which nobody teaches any more


class HandGuiding:
    """Whether a person moves the arm of `session`, and what the driver then does instead of streaming.

    Attributes:
        active: Whether the arm gives way to a hand.
    """

    def __init__(self, session: ArmSession) -> None:
        self._session = session
        self.active = False

    def prepare(self) -> None:
        """Let the box give way; `active` is for the driver to set, which knows whether that is still wanted.

        Raises:
            ControllerFault: An error is pending, or box or gripper do not do it.
        """
        self._session.prepare(TEACH_MODE)
        self._asked = math.nan  # opening that was asked for last: what the fingers hold stays held
        self._toggled_at = self._heard = -math.inf

    def require_no_fault(self, limits: Limits, now: float) -> None:
        """Raises ControllerFault if box, gripper or reports have failed, or nobody teaches any more."""
        if not self.active:
            return
        session = self._session
        fault = session.box_fault(TEACH_MODE) or session.gripper.fault(now)
        age = now - session.reading.stamp
        if not fault and age > limits.reading_lost:
            fault = f"joint states are {age:.2f} s old; the limit is {limits.reading_lost:.2f} s"
        if not fault and math.isfinite(self._heard) and now - self._heard > SILENCE:
            fault = f"nobody teaches the arm any more: no target for {SILENCE:g} s"
        if fault:
            raise ControllerFault(fault)

    def command(self, target: JointTarget, limits: Limits, now: float) -> Verdict:
        """Move the gripper if the target asks for another opening; the arm is where the hand puts it."""
        fault = bad_target(target, limits, now)
        if fault:
            return Verdict(None, DriverState.TEACHING, False, fault)
        self._heard = now
        wanted = float(target.position[-1])
        opening = min(max(wanted, 0.0), 1.0)
        if math.isnan(self._asked):
            self._asked = opening
        elif abs(opening - self._asked) > CHANGED and now - self._toggled_at >= limits.gripper_interval:
            self._asked, self._toggled_at = opening, now
            self._session.gripper.go(opening)
        position = self._session.reading.position.copy()
        position[-1] = self._asked
        return Verdict(position, DriverState.TEACHING, opening != wanted, "")
