"""A small diagnostics updater: one status per node, once a second of wall time, on `/diagnostics`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.node import Node

OK, WARN, ERROR, STALE = (
    DiagnosticStatus.OK,
    DiagnosticStatus.WARN,
    DiagnosticStatus.ERROR,
    DiagnosticStatus.STALE,
)
Report = tuple[bytes, str, Mapping[str, object]]


class Diagnostics:
    """Publishes what `report` says: level, message, values.

    The timer runs on the system clock: a simulation that stands still must still tell how it is.
    """

    def __init__(
        self, node: Node, hardware_id: str, report: Callable[[], Report], period: float = 1.0
    ) -> None:
        self._node = node
        self._hardware_id = hardware_id
        self._report = report
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", 10)
        node.create_timer(period, self.publish, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def publish(self) -> None:
        """Publish now; also called when a state changes, so that no fault waits for the timer."""
        level, message, values = self._report()
        status = DiagnosticStatus(
            level=level,
            name=self._node.get_fully_qualified_name(),
            message=message,
            hardware_id=self._hardware_id,
            values=[KeyValue(key=key, value=_text(value)) for key, value in values.items()],
        )
        array = DiagnosticArray(status=[status])
        array.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(array)


def _text(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
