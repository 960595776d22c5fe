"""The operator's services of a robot: `~/enable ~/stop ~/home ~/clear_fault`, the same for every driver."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from rclpy.node import Node
from std_srvs.srv import SetBool, Trigger

from mvp_real.robots.digit_limiter import DigitVerdict
from mvp_real.robots.verdict import LATCHED, DriverState, Verdict


class Arm(Protocol):
    """What the services need of a driver."""

    @property
    def state(self) -> DriverState:
        """State of the driver."""

    @property
    def reason(self) -> str:
        """Why it is not running."""

    def enable(self) -> Verdict | DigitVerdict:
        """Allow motion."""

    def disable(self) -> None:
        """Forbid motion."""

    def stop(self, reason: str) -> None:
        """Stop and latch."""

    def home(self) -> Verdict | DigitVerdict:
        """Go to the start pose."""

    def clear_fault(self) -> Verdict | DigitVerdict:
        """Release a latched stop."""


class DriverServices:
    """Offers the services of one arm.

    Args:
        node: Owner of the services.
        arm: The arm, or another robot with such a driver.
        changed: Called after each request with the state before it.
        prepare: Called before the arm is enabled.
        enabled: Called after the arm was enabled or disabled, with what it is now.
        homing: Called when the arm is on its way to the start pose.
    """

    def __init__(
        self,
        node: Node,
        arm: Arm,
        changed: Callable[[DriverState], None],
        prepare: Callable[[], None] = lambda: None,
        enabled: Callable[[bool], None] = lambda on: None,
        homing: Callable[[], None] = lambda: None,
    ) -> None:
        self._arm, self._changed = arm, changed
        self._prepare, self._enabled, self._homing = prepare, enabled, homing
        node.create_service(SetBool, "~/enable", self._on_enable)
        node.create_service(Trigger, "~/stop", self._on_stop)
        node.create_service(Trigger, "~/home", self._on_home)
        node.create_service(Trigger, "~/clear_fault", self._on_clear_fault)

    def stop(self, reason: str) -> None:
        """Stop and latch, as if an operator had asked."""
        before = self._arm.state
        self._arm.stop(reason)
        self._changed(before)

    def _on_enable(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        before = self._arm.state
        response.success = True
        if request.data:
            self._prepare()
            verdict = self._arm.enable()
            response.success, response.message = verdict.state is DriverState.RUNNING, verdict.reason
        else:
            self._arm.disable()
        self._changed(before)
        self._enabled(bool(request.data and response.success))
        return response

    def _on_stop(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self.stop("stopped by the operator")
        response.success, response.message = True, self._arm.reason
        return response

    def _on_home(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        before = self._arm.state
        verdict = self._arm.home()
        # An arm drives there, RUNNING; a walking robot is put there, and stays disabled without a reason against.
        response.success = verdict.state is DriverState.RUNNING or not verdict.reason
        response.message = verdict.reason
        self._changed(before)
        if response.success:
            self._homing()
        return response

    def _on_clear_fault(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        before = self._arm.state
        verdict = self._arm.clear_fault()
        response.success, response.message = verdict.state not in LATCHED, verdict.reason
        self._changed(before)
        return response
