"""A lifecycle node that starts by itself, reports diagnostics and says why it could not be configured."""

from __future__ import annotations

import traceback

from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn

from mvp_real.errors import MvpRealError
from mvp_real.nodes.diagnostics import OK, Diagnostics, Report
from mvp_real.nodes.parameters import declare


class ManagedNode(LifecycleNode):
    """Base of the package's nodes.

    A subclass fills in `configure`, `activate`, `deactivate`, `clean_up` and `report`; errors that a user
    can act on (`MvpRealError`) fail the transition and are logged, and end the process when they come at the
    start.
    """

    def __init__(self, name: str, hardware_id: str) -> None:
        super().__init__(name)
        self.exit_code: int | None = None
        self.active = False
        self._error: Exception | None = None
        self._starting = False
        self._autostart: bool = declare(
            self, "autostart", True, "Configure and activate at the start, without a lifecycle manager."
        )
        self.diagnostics = Diagnostics(self, hardware_id, self.report)

    def start(self) -> None:
        """Configure and activate, unless `autostart` is false."""
        if not self._autostart:
            return
        self._starting = True
        for transition in (self.trigger_configure, self.trigger_activate):
            if transition() is not TransitionCallbackReturn.SUCCESS:
                raise self._error or MvpRealError(f"node '{self.get_name()}' could not be started")
        self._starting = False

    def shut_down(self) -> None:
        """Deactivate, whatever the state; may be called twice."""
        if self.active:
            self.active = False
            self.deactivate()

    # What a subclass fills in.

    def configure(self) -> None:
        """Load what the parameters name; create publishers and subscriptions."""

    def activate(self) -> None:
        """Begin to act on inputs."""

    def deactivate(self) -> None:
        """Leave everything safe."""

    def clean_up(self) -> None:
        """Undo `configure`; refused where a subclass does not know how.

        Raises:
            MvpRealError: See above.
        """
        raise MvpRealError(
            f"'{self.get_name()}' keeps what it has opened until its process ends; start it anew to configure it anew"
        )

    def report(self) -> Report:
        """Level, message and values for `/diagnostics`."""
        return OK, "", {}

    # What rclpy calls.

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._guarded(self.configure)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        result = self._guarded(self.activate)
        self.active = result is TransitionCallbackReturn.SUCCESS
        return self._also(super().on_activate(state), result)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self.active = False
        return self._also(super().on_deactivate(state), self._guarded(self.deactivate))

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._guarded(self.clean_up)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._guarded(self.shut_down)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._guarded(self.shut_down)

    def _guarded(self, step) -> TransitionCallbackReturn:  # type: ignore[no-untyped-def]
        try:
            step()
        except MvpRealError as error:
            self._error = error
            if not self._starting:  # `start` raises it, and whoever runs the node says it once
                self.get_logger().error(str(error))
            return TransitionCallbackReturn.FAILURE
        except Exception as error:  # rclpy would swallow the traceback
            self._error = error
            self.get_logger().error(traceback.format_exc())
            return TransitionCallbackReturn.ERROR
        return TransitionCallbackReturn.SUCCESS

    @staticmethod
    def _also(first: TransitionCallbackReturn, second: TransitionCallbackReturn) -> TransitionCallbackReturn:
        return second if first is TransitionCallbackReturn.SUCCESS else first
