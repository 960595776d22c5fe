"""Kinesthetic teaching: in the box's mode 2 the motors carry the arm's own weight, and a person moves it by hand.

The servo stream is silent meanwhile, and the arm's part of a target is not executed; the gripper's is. The box balances
what it was told that the tool weighs: with a wrong payload the arm sinks or rises as soon as it is let go.
"""

from __future__ import annotations

import math

from mvp_real.messages import JointTarget
from mvp_real.robots.verdict import DriverState, Verdict
from mvp_real.robots.xarm7.client import TEACH_MODE, ControllerFault
from mvp_real.robots.xarm7.session import ArmSession


class HandGuiding:
    """Whether a person moves the arm of `session`, and what the driver then does instead of streaming.

    Attributes:
        active: Whether the arm gives way to a hand.
    """

    def __init__(self, session: ArmSession) -> None:
        self._session = session
        self.active = False

    def begin(self) -> None:
        """Let the arm give way.

        Raises:
            ControllerFault: An error is pending, or box or gripper do not do it.
        """
        self._session.prepare(TEACH_MODE)
        self.active = True

    def require_no_fault(self) -> None:
        """Raises ControllerFault if the arm no longer gives way by what the box reports."""
        if self.active and (fault := self._session.box_fault(TEACH_MODE)):
            raise ControllerFault(fault)

    def command(self, target: JointTarget) -> Verdict:
        """Move the gripper as the target says; the arm is where the hand puts it."""
        reading = self._session.reading
        opening = float(target.position[-1]) if len(target.position) == len(reading.position) else math.nan
        if not math.isfinite(opening):
            return Verdict(
                None, DriverState.TEACHING, False, f"gripper target {opening} while a hand moves the arm"
            )
        within = min(max(opening, 0.0), 1.0)
        self._session.gripper.go(within)
        position = reading.position.copy()
        position[-1] = within
        return Verdict(position, DriverState.TEACHING, within != opening, "")
