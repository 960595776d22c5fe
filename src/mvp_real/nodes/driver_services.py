"""The operator's services of an arm: `~/enable ~/stop ~/home ~/clear_fault`, the same for every driver."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from rclpy.node import Node
from std_srvs.srv import SetBool, Trigger

from mvp_real.robots.verdict import DriverState, Verdict


class Arm(Protocol):
    """What the services need of a driver."""

    @property
    def state(self) -> DriverState:
        """State of the driver."""

    @property
    def reason(self) -> str:
        """Why it is not running."""

    def enable(self) -> Verdict:
        """Allow motion."""

    def disable(self) -> None:
        """Forbid motion."""

    def stop(self, reason: str) -> None:
        """Stop and latch."""

    def home(self) -> Verdict:
        """Go to the start pose."""

    def clear_fault(self) -> Verdict:
        """Release a latched stop."""


class DriverServices:
    """Offers the services of one arm.

    Args:
        node: Owner of the services.
        arm: The arm.
        changed: Called after each request with the state before it.
        prepare: Called before the arm is enabled.
        enabled: Called after the arm was enabled or disabled, with what it is now.
    """

    def __init__(
        self,
        node: Node,
        arm: Arm,
        changed: Callable[[DriverState], None],
        prepare: Callable[[], None] = lambda: None,
        enabled: Callable[[bool], None] = lambda on: None,
    ) -> None:
        self._arm, self._changed, self._prepare, self._enabled = arm, changed, prepare, enabled
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
        response.success, response.message = verdict.state is DriverState.RUNNING, verdict.reason
        self._changed(before)
        return response

    def _on_clear_fault(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        before = self._arm.state
        verdict = self._arm.clear_fault()
        response.success, response.message = verdict.state is not DriverState.STOPPED, verdict.reason
        self._changed(before)
        return response
