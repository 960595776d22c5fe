"""What the nodes of real drivers share: targets in, joint states, status and changes of state out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol

from sensor_msgs.msg import JointState
from std_msgs.msg import String
from trajectory_msgs.msg import JointTrajectory

from mvp_real.messages import JointReading, JointTarget
from mvp_real.nodes import conversions
from mvp_real.nodes.diagnostics import ERROR, OK, WARN, Report
from mvp_real.nodes.driver_services import Arm, DriverServices
from mvp_real.nodes.durations import Durations
from mvp_real.nodes.managed_node import ManagedNode
from mvp_real.nodes.quality import COMMAND, LATCHED, SENSOR
from mvp_real.robots.verdict import DriverState, Verdict

STATUS_PERIOD = 0.2  # s
NANOSECONDS = 1e-9


class StreamedDriver(Arm, Protocol):
    """A driver that takes joint targets on the machine's monotonic clock."""

    @property
    def homing(self) -> bool:
        """Whether it is on its way to the start pose."""

    def command(self, target: JointTarget) -> Verdict:
        """Hand in a target."""

    def diagnostics(self) -> dict[str, str]:
        """State and counters, as text."""


class DriverFront:
    """Topics and services of one driver: `joint_target`, `joint_states`, `~/status` and the operator's services.

    Args:
        node: Owner of the topics.
        driver: What moves; its stamps are of `time.monotonic`, those of the topics of the node's clock.
        more: Further fields of the status.
    """

    def __init__(
        self,
        node: ManagedNode,
        driver: StreamedDriver,
        more: Callable[[], Mapping[str, object]] = dict,
    ) -> None:
        self._node, self._driver, self._more = node, driver, more
        self._state = DriverState.DISABLED
        self._counts = dict.fromkeys(("commands", "holds received", "refused"), 0)
        self._command_age = Durations()
        self._joints = node.create_publisher(JointState, "joint_states", SENSOR)
        self._status = node.create_publisher(String, "~/status", LATCHED)
        node.create_subscription(JointTrajectory, "joint_target", self._on_target, COMMAND)
        self._services = DriverServices(node, driver, lambda before: self.note_change())

    def note_change(self) -> None:
        """Say it if the state has changed. Stops come from the driver's own threads; log and status are the node's."""
        before, state = self._state, self._driver.state
        if state is before:
            return
        self._state = state
        change = f"driver {before.value} -> {state.value}"
        if state in (DriverState.HOLD, DriverState.STOPPED):
            self._node.get_logger().warning(f"{change}: {self._driver.reason}")
        else:
            self._node.get_logger().info(change)
        self.publish_status()
        self._node.diagnostics.publish()

    def publish_status(self) -> None:
        """State, reason and whether it is homing, as JSON."""
        status = {
            "state": self._driver.state.value,
            "reason": self._driver.reason,
            "homing": self._driver.homing,
            **self._more(),
            "stamp": self._now(),
        }
        self._status.publish(String(data=json.dumps(status)))

    def publish_reading(self, reading: JointReading) -> None:
        """Measured joints, their age kept; from any thread."""
        stamp = self._now() - (time.monotonic() - reading.stamp)
        self._joints.publish(conversions.joint_state_message(replace(reading, stamp=stamp)))

    def report(self, values: Mapping[str, str]) -> Report:
        """Diagnostics of driver and commands, with `values` of the node's own first."""
        state, reason = self._driver.state, self._driver.reason
        level = {DriverState.STOPPED: ERROR, DriverState.HOLD: WARN}.get(state, OK)
        found = {
            **values,
            **self._driver.diagnostics(),
            **self._counts,
            **self._command_age.report("capture to command, ROS time"),
        }
        return level, f"{state.value}{': ' + reason if reason else ''}", found

    def _on_target(self, message: JointTrajectory) -> None:
        if not self._node.active:
            return
        before = self._driver.state
        target = conversions.joint_target(message)
        if target is None:
            self._counts["holds received"] += 1
            return
        self._counts["commands"] += 1
        age = self._now() - target.stamp
        self._command_age.add(age)
        verdict = self._driver.command(replace(target, stamp=time.monotonic() - age))
        if verdict.position is None and before is not DriverState.DISABLED:
            self._counts["refused"] += 1
            self._node.get_logger().warning(f"target refused: {verdict.reason}", throttle_duration_sec=1.0)
        self.note_change()

    def _now(self) -> float:
        return float(self._node.get_clock().now().nanoseconds) * NANOSECONDS
