"""Node `digit_bridge`: the simulated Digit behind the topics and services of a real one, limiter included.

It owns the clock (`/clock`). With `speed:=N` simulated time follows N times the wall clock, slower when the
computer cannot keep up; with `speed:=lockstep` it waits at each control step for the answer to its measurements.
While nobody commands the robot it hangs under a hoist, which stands in for the vendor's standing controller.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.parameter import Parameter
from sensor_msgs.msg import JointState

from mvp_real.errors import MvpRealError
from mvp_real.nodes import conversions, digit_conversions
from mvp_real.nodes.diagnostics import ERROR, OK, WARN, Report
from mvp_real.nodes.digit_publisher import DigitPublisher
from mvp_real.nodes.driver_services import DriverServices
from mvp_real.nodes.durations import Durations
from mvp_real.nodes.faults import DIGIT_FAULTS, Fault
from mvp_real.nodes.managed_node import ManagedNode
from mvp_real.nodes.pace import Pace
from mvp_real.nodes.parameters import declare
from mvp_real.nodes.quality import COMMAND
from mvp_real.nodes.runner import run_node
from mvp_real.nodes.walk_terrain import check_payload, parse_terrain
from mvp_real.nodes.window import Window
from mvp_real.robots.verdict import LATCHED, DriverState
from mvp_real.sim.simulated_digit import SimulatedDigit

STEP_MS = 5  # clock and measurements at 200 Hz, as fresh as the policy's limit of 10 ms asks for
SCENE_MS = 40
STATUS_MS = 100
WINDOW_MS = 40
WEAK_MOTOR = "left_knee"
IDLE_PERIOD = 0.1  # s of wall time between signs of life in lock-step
REPEAT_AFTER = 3.0  # s without an answer after which a lock-step sample is sent again: a message was lost
COAST_MS = (
    1000  # in lock-step nobody waits for a robot that was stopped; this much of its fall is still shown
)


class DigitBridge(ManagedNode):
    """See the module; parameters describe themselves (`ros2 param describe`)."""

    def __init__(self) -> None:
        super().__init__("digit_bridge", "simulated digit")
        speed = declare(
            self, "speed", "1", "Simulated seconds per second, or 'lockstep' to wait.", read_only=True
        )
        self._pace = Pace.parse(speed)
        self._view = declare(self, "view", "none", "'window' opens MuJoCo's viewer.", read_only=True)
        terrain = declare(self, "terrain", "plane", "plane, slope=GRADIENT or step=METRES.", read_only=True)
        self._terrain = parse_terrain(terrain)
        self._payload = check_payload(declare(self, "payload", 0.0, "kg on the back.", read_only=True))
        hoist = "lower: when a policy takes over. hold: never, for first tests."
        self._hold = declare(self, "hoist", "lower", hoist, read_only=True) == "hold"
        text = "Seed of the injected loss of messages."
        self._seed = declare(self, "seed", 0, text, (0, 2**31 - 1), read_only=True)
        fault = declare(self, "fault", "", "Fault to inject, 'name' or 'name=value', see nodes/faults.py.")
        self._first_fault = Fault.parse(fault, DIGIT_FAULTS)
        self._answer = Durations()
        self._waiting_for: int | None = None  # nanoseconds of the lock-step sample that has no answer yet
        self._asked_at = 0.0
        self._counts = dict.fromkeys(("commands received", "leaves received", "malformed", "repeats"), 0)
        self._robot: SimulatedDigit | None = None
        self._window: Window | None = None

    # Life cycle.

    def configure(self) -> None:
        appearance = self._view == "window"
        self._robot = SimulatedDigit(self._terrain, self._payload, self._hold, appearance)
        self._names = digit_conversions.interface_names(self._robot.table.motors)
        self._period_ms = round(1000 * self._robot.table.control_period)
        self._say = DigitPublisher(self, self._robot, self._pace.lockstep, self._seed)
        self.create_subscription(JointState, "joint_command", self._on_command, COMMAND)
        self._driver_services = DriverServices(self, self._robot, self._note_change, enabled=self._on_enabled)
        self._inject(self._first_fault)
        self.add_on_set_parameters_callback(self._on_parameters)

    def activate(self) -> None:
        if self._view == "window":
            self._window = Window(self._robot.model, self._robot.data)
        self._pace.start(time.monotonic())
        period = IDLE_PERIOD if self._pace.lockstep else self._pace.timer_period(STEP_MS / 1000)
        callback = self._lockstep_timer if self._pace.lockstep else self._on_timer
        self._timer = self.create_timer(period, callback, clock=Clock(clock_type=ClockType.STEADY_TIME))
        self._say.status()
        self.get_logger().info("simulator ready")

    def deactivate(self) -> None:
        self._timer.cancel()
        self._robot.disable()
        self._say.status()

    def shut_down(self) -> None:
        super().shut_down()
        if self._window is not None:
            self._window.close()

    # Time.

    def _on_timer(self) -> None:
        if not self._pace.due(time.monotonic(), STEP_MS / 1000):
            return
        before = self._robot.state
        self._robot.advance(STEP_MS)
        # Measurements first: whoever ticks on the clock then finds those of the same moment.
        self._say.measurements()
        self._say.clock()
        now = self._robot.milliseconds
        if now % SCENE_MS == 0:
            self._say.scene()
        if now % STATUS_MS == 0:
            self._say.status()
        self._note_change(before)
        if self._window is not None and now % WINDOW_MS == 0:
            self._window.refresh()

    def _lockstep_timer(self) -> None:
        """Nothing to do while answers come; otherwise say the same again."""
        if self._waiting_for is None:
            # The others need something to see that we are here, and to judge the robot by before it is engaged.
            self._say.clock()
            self._say.measurements()
        elif time.monotonic() - self._asked_at > REPEAT_AFTER:
            self._counts["repeats"] += 1
            self._ask()

    def _ask(self) -> None:
        """Send the measurements of this control step and wait for the answer."""
        self._waiting_for = self._robot.milliseconds * 1_000_000
        self._asked_at = time.monotonic()
        self._say.clock()
        self._say.measurements()
        if self._robot.milliseconds % SCENE_MS == 0:
            self._say.scene()

    def _step(self) -> None:
        """One control period of lock-step, then the next question unless the driver has stopped."""
        self._waiting_for = None
        before = self._robot.state
        self._robot.advance(self._period_ms)
        self._note_change(before)
        if self._window is not None:
            self._window.refresh()
        if self._robot.state in LATCHED:
            for _ in range(COAST_MS // SCENE_MS):
                self._robot.advance(SCENE_MS)
                self._say.scene()
            self._say.clock()
            self._say.status()
        elif self._robot.state is not DriverState.DISABLED:
            if self._robot.milliseconds % STATUS_MS == 0:
                self._say.status()
            self._ask()

    # What the robot is told.

    def _on_command(self, message: JointState) -> None:
        if not self.active or self._say.loses():
            return
        stamp = conversions.nanoseconds(message.header.stamp)
        if self._pace.lockstep and stamp != self._waiting_for:
            return  # an answer that was given twice must not move the robot twice
        before = self._robot.state
        try:
            command = digit_conversions.joint_command(message, self._names)
        except ValueError as error:
            self._counts["malformed"] += 1
            self._robot.limiter.refuse(str(error))
        else:
            if command is None:
                self._counts["leaves received"] += 1
                self._robot.limiter.leave()
            else:
                self._counts["commands received"] += 1
                self._answer.add(self._robot.now - command.stamp)
                if self._say.fault.name == "nan_command":
                    command = replace(command, position=np.full_like(command.position, np.nan))
                verdict = self._robot.command(command)
                if verdict.reason and self._robot.state is DriverState.HOLD:
                    self.get_logger().warning(f"command refused: {verdict.reason}", throttle_duration_sec=1.0)
        self._note_change(before)
        if self._pace.lockstep:
            self._step()

    def _note_change(self, before: DriverState) -> None:
        state = self._robot.state
        if state is before:
            return
        change = f"driver {before.value} -> {state.value}"
        if state in (DriverState.HOLD, *LATCHED):
            self.get_logger().warning(f"{change}: {self._robot.reason}")
        else:
            self.get_logger().info(change)
        self._say.status()
        self.diagnostics.publish()

    def _on_enabled(self, on: bool) -> None:
        self._waiting_for = None
        self._say.status()
        if on and self._pace.lockstep:
            self._ask()

    def _on_parameters(self, parameters: list[Parameter]) -> SetParametersResult:
        """Veto what could not be carried out, with the reason; a new fault takes effect at once."""
        try:
            for parameter in parameters:
                if parameter.name == "fault":
                    self._inject(Fault.parse(parameter.value, DIGIT_FAULTS))
        except MvpRealError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def _inject(self, fault: Fault) -> None:
        if fault.name or self._say.fault.name:
            what = f"fault injected: {fault.name} {fault.value or ''}" if fault.name else "fault removed"
            self.get_logger().warning(what)
        self._robot.weaken(WEAK_MOTOR, fault.value if fault.name == "gain_drop" else 1.0)
        if fault.name == "push":
            self._robot.push(fault.value)
        elif fault.name == "emergency_stop":
            self._driver_services.stop("emergency stop of the robot")
        self._say.fault = fault

    # What the robot reports.

    def report(self) -> Report:
        if self._robot is None:
            return WARN, "not configured", {}
        state, reason = self._robot.state, self._robot.reason
        level = ERROR if state in LATCHED else WARN if state is DriverState.HOLD else OK
        values = {
            **self._robot.limiter.diagnostics(),
            **self._counts,
            "fault injected": self._say.fault.name or "none",
            "messages lost on purpose": self._say.lost,
            "hoist": self._robot.hoist.support,
            "simulated time (s)": self._robot.now,
            "real time factor": self._pace.factor(time.monotonic(), self._robot.now),
            "episode": self._robot.episode,
            **self._answer.report("measurement to command, ROS time"),
        }
        return level, f"{state.value}{': ' + reason if reason else ''}", values


def main() -> int:
    """Entry point of `lib/mvp_real/digit_bridge`."""
    return run_node(DigitBridge)
