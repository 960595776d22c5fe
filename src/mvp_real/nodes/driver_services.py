"""The operator's services of a robot: `~/enable ~/stop ~/home ~/clear_fault`, the same for every driver."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from std_srvs.srv import SetBool, Trigger

from mvp_real.nodes.managed_node import ManagedNode
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


MOVING = (DriverState.RUNNING, DriverState.HOLD, DriverState.TEACHING)
NOT_CONFIRMED = "the driver has not confirmed it: use the robot's own stop"


def inactive(node: ManagedNode) -> str:
    """Why a node that is not active refuses to move its robot; empty if it is."""
    name = node.get_fully_qualified_name()
    return "" if node.active else f"the node is not active: ros2 lifecycle set {name} activate"


class DriverServices:
    """Offers the services of one arm.

    Args:
        node: Owner of the services; nothing begins to move while it is not active.
        arm: The arm, or another robot with such a driver.
        changed: Called after each request with the state before it.
        prepare: Called before the arm is enabled.
        enabled: Called after the arm was enabled or disabled, with what it is now.
        homing: Called when the arm is on its way to the start pose.
    """

    def __init__(
        self,
        node: ManagedNode,
        arm: Arm,
        changed: Callable[[DriverState], None],
        prepare: Callable[[], None] = lambda: None,
        enabled: Callable[[bool], None] = lambda on: None,
        homing: Callable[[], None] = lambda: None,
    ) -> None:
        self._node, self._arm, self._changed = node, arm, changed
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
        if not request.data:
            self._arm.disable()
            response.success = self._arm.state not in MOVING
            response.message = "" if response.success else NOT_CONFIRMED
        elif refusal := inactive(self._node):
            response.success, response.message = False, refusal
        else:
            self._prepare()
            verdict = self._arm.enable()
            response.success, response.message = verdict.state is DriverState.RUNNING, verdict.reason
        self._changed(before)
        self._enabled(bool(request.data and response.success))
        return response

    def _on_stop(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self.stop("stopped by the operator")
        response.success = self._arm.state in LATCHED
        response.message = self._arm.reason if response.success else NOT_CONFIRMED
        return response

    def _on_home(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        if refusal := inactive(self._node):
            response.success, response.message = False, refusal
            return response
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
