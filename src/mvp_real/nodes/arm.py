"""Node `arm`: the real xArm7, or whatever answers like its controller box, behind the topics and services of an arm.

It publishes `joint_states` as the box reports them and executes `joint_target` through the limiter. Nothing moves
before `~/enable`; what each stop means stands in docs/how-to/connect_xarm7.md. The driver has this process for
itself, so that no policy can keep its servo thread waiting.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace

from rcl_interfaces.msg import SetParametersResult
from rclpy.parameter import Parameter
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from trajectory_msgs.msg import JointTrajectory

from mvp_real.bundle import load_card
from mvp_real.errors import MvpRealError
from mvp_real.messages import JointReading
from mvp_real.nodes import conversions
from mvp_real.nodes.diagnostics import ERROR, OK, WARN, Report
from mvp_real.nodes.driver_services import DriverServices
from mvp_real.nodes.durations import Durations
from mvp_real.nodes.managed_node import ManagedNode
from mvp_real.nodes.parameters import declare
from mvp_real.nodes.quality import COMMAND, LATCHED, SENSOR
from mvp_real.nodes.runner import run_node
from mvp_real.resources import model_directory
from mvp_real.robots.limits import Limits
from mvp_real.robots.real_time import take_priority
from mvp_real.robots.table import load_robot
from mvp_real.robots.verdict import DriverState
from mvp_real.robots.xarm7.client import ControllerFault
from mvp_real.robots.xarm7.driver import RATES, XArm7Driver

ROBOT = "xarm7"
STATUS_PERIOD = 0.2  # s
TRY_AGAIN = 0.5  # s between attempts to reach a box that is not there yet
NANOSECONDS = 1e-9


class Arm(ManagedNode):
    """See the module; parameters describe themselves (`ros2 param describe`)."""

    def __init__(self) -> None:
        super().__init__("arm", "xarm7")
        self._ip = declare(self, "ip", "", "Address of the controller box.", read_only=True)
        self._port = declare(self, "port", 502, "Of the box's control protocol.", (1, 65535), read_only=True)
        self._rate = declare(self, "rate", 100.0, "Servo points per second.", RATES, read_only=True)
        self._reply_within = declare(
            self, "reply_within", 0.3, "Silence of the box that stops the arm, s.", (0.1, 2.0), read_only=True
        )
        self._wait = declare(
            self, "wait", 0.0, "How long to look for the box at the start, s.", (0.0, 600.0), read_only=True
        )
        self._priority = declare(
            self,
            "priority",
            0,
            "SCHED_FIFO priority of the servo thread; 0 is none.",
            (0, 99),
            read_only=True,
        )
        text = "Controller bundle whose limits apply; empty applies the robot's own. Changes while disabled."
        declare(self, "bundle", "", text)
        self._priority_problem = ""
        self._counts = dict.fromkeys(("commands", "holds received", "refused"), 0)
        self._command_age = Durations()
        self._driver: XArm7Driver | None = None
        self._state = DriverState.DISABLED
        self._joints = self.create_publisher(JointState, "joint_states", SENSOR)
        self._status = self.create_publisher(String, "~/status", LATCHED)
        # The servo thread wakes the node; log and status are the node's.
        self._news = self.create_guard_condition(self._on_news)

    # Life cycle.

    def configure(self) -> None:
        if not self._ip:
            raise MvpRealError(
                "parameter 'ip' is empty: give the address of the controller box, ip:=192.168.1.x"
            )
        driver = XArm7Driver(
            self._ip,
            self._limits(str(self.get_parameter("bundle").value)),
            self._rate,
            self._port,
            self._reply_within,
            on_reading=self._on_reading,
            on_change=self._news.trigger,
            prepare_thread=self._prepare_thread,
        )
        deadline = time.monotonic() + self._wait
        while True:
            try:
                driver.open()
                break
            except ControllerFault:
                if time.monotonic() > deadline:
                    raise
                time.sleep(TRY_AGAIN)
        self._driver = driver
        self.create_subscription(JointTrajectory, "joint_target", self._on_target, COMMAND)
        self._driver_services = DriverServices(self, driver, lambda before: self._on_news())
        self.add_on_set_parameters_callback(self._on_parameters)
        self.create_timer(STATUS_PERIOD, self._publish_status)

    def activate(self) -> None:
        assert self._driver is not None
        self._publish_status()
        self.get_logger().info(f"arm ready: {self._ip}, disabled")

    def deactivate(self) -> None:
        if self._driver is not None:
            self._driver.disable()
            self._publish_status()

    def shut_down(self) -> None:
        super().shut_down()
        if self._driver is not None:
            self._driver.close()

    # What the arm is told.

    def _on_target(self, message: JointTrajectory) -> None:
        if self._driver is None or not self.active:
            return
        before = self._driver.state
        target = conversions.joint_target(message)
        if target is None:
            self._counts["holds received"] += 1
            return
        self._counts["commands"] += 1
        # The driver counts on the machine's monotonic clock; of the stamp only the age is kept.
        age = self._now() - target.stamp
        self._command_age.add(age)
        verdict = self._driver.command(replace(target, stamp=time.monotonic() - age))
        if verdict.position is None and before is not DriverState.DISABLED:
            self._counts["refused"] += 1
            self.get_logger().warning(f"target refused: {verdict.reason}", throttle_duration_sec=1.0)
        self._on_news()

    def _on_parameters(self, parameters: list[Parameter]) -> SetParametersResult:
        """Veto what could not be carried out, with the reason."""
        try:
            for parameter in parameters:
                if parameter.name == "bundle" and self._driver is not None:
                    self._driver.set_limits(self._limits(parameter.value))
        except MvpRealError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    @staticmethod
    def _limits(bundles: str) -> Limits:
        table = load_robot(ROBOT)
        name = bundles.split(",")[0]
        if not name:
            return Limits.from_table(table)
        card = load_card(model_directory(name), verify=False)
        if card.action is None:
            raise MvpRealError(
                f"bundle '{name}' is of kind '{card.kind}'; the arm needs a controller's limits"
            )
        return Limits.from_table(table, card.action.max_step, card.action.control_period)

    # What it says.

    def _now(self) -> float:
        return self.get_clock().now().nanoseconds * NANOSECONDS

    def _on_reading(self, reading: JointReading) -> None:
        """In the thread of the box's reports, so that nothing the node does delays them."""
        stamp = self._now() - (time.monotonic() - reading.stamp)
        self._joints.publish(conversions.joint_state_message(replace(reading, stamp=stamp)))

    def _on_news(self) -> None:
        """Say it if the state has changed."""
        if self._driver is None or self._driver.state is self._state:
            return
        before, self._state = self._state, self._driver.state
        change = f"driver {before.value} -> {self._state.value}"
        if self._state in (DriverState.HOLD, DriverState.STOPPED):
            self.get_logger().warning(f"{change}: {self._driver.reason}")
        else:
            self.get_logger().info(change)
        self._publish_status()
        self.diagnostics.publish()

    def _publish_status(self) -> None:
        if self._driver is None:
            return
        status = {
            "state": self._driver.state.value,
            "reason": self._driver.reason,
            "homing": self._driver.homing,
            "stamp": self._now(),
        }
        self._status.publish(String(data=json.dumps(status)))

    def _prepare_thread(self) -> None:
        self._priority_problem = take_priority(self._priority)

    def report(self) -> Report:
        if self._driver is None:
            return WARN, "not configured", {}
        state, reason = self._driver.state, self._driver.reason
        level = {DriverState.STOPPED: ERROR, DriverState.HOLD: WARN}.get(state, OK)
        values = {
            "ip": self._ip,
            **self._driver.diagnostics(),
            **self._counts,
            "priority": self._priority_problem or str(self._priority),
            **self._command_age.report("capture to command, ROS time"),
        }
        return level, f"{state.value}{': ' + reason if reason else ''}", values


def main() -> int:
    """Entry point of `lib/mvp_real/arm`."""
    return run_node(Arm)
