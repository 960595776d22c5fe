"""Node `arm`: the real xArm7, or whatever answers like its controller box, behind the topics and services of an arm.

It publishes `joint_states` as the box reports them and executes `joint_target` through the limiter. Nothing moves
before `~/enable` or `~/home`; with `~/teach` a person moves the arm by hand. What each stop means stands in
docs/how-to/connect_xarm7.md. The driver has this process for itself, so that no policy can keep its servo thread
waiting.
"""

from __future__ import annotations

import time

from rcl_interfaces.msg import SetParametersResult
from rclpy.parameter import Parameter
from std_srvs.srv import SetBool

from mvp_real.bundle import load_card
from mvp_real.errors import MvpRealError
from mvp_real.messages import JointReading
from mvp_real.nodes.diagnostics import WARN, Report
from mvp_real.nodes.driver_front import STATUS_PERIOD, DriverFront
from mvp_real.nodes.driver_services import MOVING, inactive
from mvp_real.nodes.managed_node import ManagedNode
from mvp_real.nodes.parameters import declare
from mvp_real.nodes.runner import run_node
from mvp_real.resources import model_directory
from mvp_real.robots.limits import Limits
from mvp_real.robots.real_time import take_priority
from mvp_real.robots.table import load_robot
from mvp_real.robots.verdict import DriverState
from mvp_real.robots.xarm7.client import ControllerFault
from mvp_real.robots.xarm7.driver import RATES, XArm7Driver

ROBOT = "xarm7"
TRY_AGAIN = 0.5  # s between attempts to reach a box that is not there yet


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
        self._driver: XArm7Driver | None = None
        self._front: DriverFront | None = None
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
        self._driver, self._front = driver, DriverFront(self, driver)
        self.add_on_set_parameters_callback(self._on_parameters)
        self.create_service(SetBool, "~/teach", self._on_teach)
        self.create_timer(STATUS_PERIOD, self._front.publish_status)

    def activate(self) -> None:
        assert self._front is not None
        self._front.publish_status()
        self.get_logger().info(f"arm ready: {self._ip}, disabled")

    def deactivate(self) -> None:
        if self._driver is not None and self._front is not None:
            self._driver.disable()
            self._front.publish_status()

    def shut_down(self) -> None:
        super().shut_down()
        driver, self._driver = self._driver, None
        if driver is not None:
            driver.close()

    # What the arm is told.

    def _on_teach(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        """Let a person move the arm by hand, or end that."""
        if self._driver is None:
            return response
        if not request.data:
            self._driver.disable()
            response.success = self._driver.state not in MOVING
        elif refusal := inactive(self):
            response.message = refusal
        else:
            verdict = self._driver.teach()
            response.success, response.message = verdict.state is DriverState.TEACHING, verdict.reason
        self._on_news()
        return response

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

    def _on_reading(self, reading: JointReading) -> None:
        """In the thread of the box's reports, so that nothing the node does delays them."""
        if self._front is not None:
            self._front.publish_reading(reading)

    def _on_news(self) -> None:
        if self._front is not None:
            self._front.note_change()

    def _prepare_thread(self) -> None:
        self._priority_problem = take_priority(self._priority)

    def report(self) -> Report:
        if self._front is None:
            return WARN, "not configured", {}
        return self._front.report({"ip": self._ip, "priority": self._priority_problem or str(self._priority)})


def main() -> int:
    """Entry point of `lib/mvp_real/arm`."""
    return run_node(Arm)
