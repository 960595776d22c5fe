"""Node `sim_bridge`: the simulated arm and its wrist camera behind the topics and services of a real robot.

It owns the clock (`/clock`). With `speed:=N` simulated time follows N times the wall clock, slower when the
computer cannot keep up; with `speed:=lockstep` it waits at each control step for the answer to its image.
"""

from __future__ import annotations

import json
import time

from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.parameter import Parameter
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from mvp_real.bundle import ORACLE, load_card
from mvp_real.errors import MvpRealError
from mvp_real.nodes import conversions
from mvp_real.nodes.diagnostics import ERROR, OK, WARN, Report
from mvp_real.nodes.driver_services import DriverServices
from mvp_real.nodes.durations import Durations
from mvp_real.nodes.episode_request import parse_episode
from mvp_real.nodes.faults import Fault
from mvp_real.nodes.managed_node import ManagedNode
from mvp_real.nodes.pace import Pace
from mvp_real.nodes.parameters import declare
from mvp_real.nodes.quality import COMMAND
from mvp_real.nodes.robot_publisher import RobotPublisher
from mvp_real.nodes.runner import run_node
from mvp_real.nodes.simulated_robot import SimulatedRobot
from mvp_real.nodes.window import Window
from mvp_real.resources import model_directory
from mvp_real.robots.limits import Limits
from mvp_real.robots.table import load_robot
from mvp_real.robots.verdict import DriverState
from mvp_real.tasks.pick_fruit import EpisodeSetup, evaluation_setups
from mvp_real.tasks.pick_fruit_world import PickFruitWorld

STEP_MS = 10  # clock and joint states at 100 Hz
SCENE_MS = 100
WINDOW_MS = 50
IDLE_PERIOD = 0.2  # s of wall time between signs of life in lock-step
REPEAT_AFTER = 5.0  # s without an answer after which a lock-step sample is sent again: a message was lost
FIRST_REPEAT_AFTER = 1.0  # before the first answer: the nodes had not found each other yet


class SimBridge(ManagedNode):
    """See the module; parameters describe themselves (`ros2 param describe`)."""

    def __init__(self) -> None:
        super().__init__("sim_bridge", "simulated xarm7")
        speed = declare(
            self, "speed", "1", "Simulated seconds per second, or 'lockstep' to wait.", read_only=True
        )
        self._pace = Pace.parse(speed)
        declare(
            self,
            "bundle",
            "pick_fruit",
            "Controller bundle whose limits apply, the first of a comma list; empty applies the robot's own.",
        )
        rate = declare(self, "camera_rate", 20.0, "Images per simulated second.", (1.0, 30.0), read_only=True)
        self._camera_ms = STEP_MS * max(1, round(1000 / rate / STEP_MS))
        self._view = declare(self, "view", "none", "'window' opens MuJoCo's viewer.", read_only=True)
        declare(self, "episode", "", "JSON set-up of the next ~/reset: setup, and optionally bundle.")
        fault = declare(self, "fault", "", "Fault to inject, 'name' or 'name=seconds', see nodes/faults.py.")
        self._first_fault = Fault.parse(fault)
        self._answer = Durations()
        self._waiting_for: int | None = None  # nanoseconds of the lock-step sample that has no answer yet
        self._asked_at = 0.0
        self._heard = False
        self._counts = dict.fromkeys(("commands", "holds received", "refused", "repeats"), 0)
        self._robot: SimulatedRobot | None = None
        self._window: Window | None = None

    # Life cycle.

    def configure(self) -> None:
        self._robot = SimulatedRobot(PickFruitWorld(scene_camera=False))
        self._say = RobotPublisher(self, self._robot, self._pace.lockstep)
        self._say.fault = self._first_fault
        self._period_ms = round(1000 * self._robot.world.task.control_period)
        self._begin(evaluation_setups("plain")[0], "")
        self.create_subscription(JointTrajectory, "joint_target", self._on_target, COMMAND)
        self._driver_services = DriverServices(
            self, self._robot, self._note_change, self._align, self._on_enabled, self._on_homing
        )
        self.create_service(Trigger, "~/reset", self._on_reset)
        self.add_on_set_parameters_callback(self._on_parameters)

    def activate(self) -> None:
        if self._view == "window":
            self._window = Window(self._robot.world.model, self._robot.world.data)
        self._pace.start(time.monotonic())
        period = IDLE_PERIOD if self._pace.lockstep else self._pace.timer_period(STEP_MS / 1000)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = self.create_timer(
            period, self._lockstep_timer if self._pace.lockstep else self._on_timer, clock=steady
        )
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
        if self._robot is not None:
            self._robot.world.close()

    # Time.

    def _on_timer(self) -> None:
        if not self._pace.due(time.monotonic(), STEP_MS / 1000):
            return
        self._robot.advance(STEP_MS)
        now = self._robot.milliseconds
        # The image first: drawing it takes time that a camera would not take, so the clock waits for it.
        if now % self._camera_ms == 0:
            self._say.image()
        self._say.clock()
        self._say.joints()
        self._say.delayed_images()
        if now % self._period_ms == 0:
            self._say.status()
        if now % SCENE_MS == 0:
            self._say.scene()
        if self._window is not None and now % WINDOW_MS == 0:
            self._window.refresh()

    def _lockstep_timer(self) -> None:
        """Nothing to do while answers come; otherwise say the same again. On the way home no one is asked."""
        if self._waiting_for is None and self._robot.arm.homing:
            self._robot.advance(self._period_ms)
            for say in (self._say.clock, self._say.joints, self._say.scene, self._say.status):
                say()
            if not self._robot.arm.homing and self._robot.state is DriverState.RUNNING:
                self._ask()
        elif self._waiting_for is None:
            if not self._robot.started:  # the others need something to see that we are here
                self._say.clock()
                self._say.joints()
                if not self._heard:
                    self._say.image()
        elif time.monotonic() - self._asked_at > (REPEAT_AFTER if self._heard else FIRST_REPEAT_AFTER):
            self._counts["repeats"] += 1
            self._ask()

    def _ask(self) -> None:
        """Send the sample of this control step and wait for the answer."""
        self._waiting_for = self._robot.milliseconds * 1_000_000
        self._asked_at = time.monotonic()
        for say in (self._say.clock, self._say.joints, self._say.image, self._say.scene, self._say.status):
            say()

    def _step(self) -> None:
        """One control period of lock-step, then the next question unless the episode is over."""
        self._waiting_for = None
        self._robot.advance(self._period_ms // 2)
        self._say.scene()
        self._robot.advance(self._period_ms - self._period_ms // 2)
        if self._window is not None:
            self._window.refresh()
        over = self._robot.state in (DriverState.DISABLED, DriverState.STOPPED)
        if over or self._robot.outcome().done:
            self._say.clock()
            self._say.scene()
            self._say.status()
        else:
            self._ask()

    # What the robot is told.

    def _on_target(self, message: JointTrajectory) -> None:
        if not self.active:
            return
        stamp = conversions.nanoseconds(message.header.stamp)
        if self._pace.lockstep and stamp != self._waiting_for:
            return  # an answer that was given twice must not move the arm twice
        waited = self._say.answered(stamp)
        if waited is not None:
            self._answer.add(waited)
        before = self._robot.state
        target = conversions.joint_target(message)
        if target is None:
            self._counts["holds received"] += 1
        else:
            self._counts["commands"] += 1
            verdict = self._robot.command(target)
            if verdict.position is None and before is not DriverState.DISABLED:
                self._counts["refused"] += 1
                self.get_logger().warning(f"target refused: {verdict.reason}", throttle_duration_sec=1.0)
        self._note_change(before)
        self._heard = True
        if self._pace.lockstep:
            self._step()

    def _note_change(self, before: DriverState) -> None:
        state = self._robot.state
        if state is before:
            return
        change = f"driver {before.value} -> {state.value}"
        if state in (DriverState.HOLD, DriverState.STOPPED):
            self.get_logger().warning(f"{change}: {self._robot.reason}")
        else:
            self.get_logger().info(change)
        self._say.status()
        self.diagnostics.publish()

    def _on_enabled(self, on: bool) -> None:
        self._waiting_for = None
        if on and self._pace.lockstep:
            self._ask()

    def _on_homing(self) -> None:
        self._waiting_for = None  # an answer to an earlier question must not step the arm as well

    def _align(self) -> None:
        if self._pace.lockstep:
            self._robot.align()

    def _on_reset(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        if self._robot.state is DriverState.STOPPED:
            response.success = False
            response.message = f"a stop is latched ({self._robot.reason}); call ~/clear_fault first"
            return response
        try:
            self._begin(*parse_episode(str(self.get_parameter("episode").value)))
        except MvpRealError as error:
            response.success, response.message = False, str(error)
            return response
        self._say.status()
        response.success, response.message = True, json.dumps({"episode": self._robot.episode})
        return response

    def _begin(self, setup: EpisodeSetup, bundle: str) -> None:
        """Start an episode under the limits of a bundle, by default of the one in the parameter."""
        bundle = bundle or str(self.get_parameter("bundle").value).split(",")[0]
        limits, oracle = Limits.from_table(load_robot("xarm7")), False
        if bundle:
            card = load_card(model_directory(bundle), verify=False)
            if card.action is None or card.encoder is None:
                raise MvpRealError(
                    f"bundle '{bundle}' is of kind '{card.kind}'; the arm needs a controller's limits"
                )
            limits = Limits.from_table(load_robot("xarm7"), card.action.max_step, card.action.control_period)
            oracle = card.encoder.name == ORACLE
        self._waiting_for = None
        self._say.forget()
        self._say.oracle = oracle
        self._robot.reset(setup, limits)

    def _on_parameters(self, parameters: list[Parameter]) -> SetParametersResult:
        """Veto what could not be carried out, with the reason; a new fault takes effect at once."""
        try:
            for parameter in parameters:
                if parameter.name == "episode" and parameter.value:
                    _, bundle = parse_episode(parameter.value)
                    if bundle:
                        model_directory(bundle)
                if parameter.name == "fault":
                    self._inject(Fault.parse(parameter.value))
        except MvpRealError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def _inject(self, fault: Fault) -> None:
        what = f"fault injected: {fault.name} {fault.value or ''}" if fault.name else "fault removed"
        self.get_logger().warning(what)
        if fault.name == "clock_jump":
            self._robot.jump(fault.value)
        elif fault.name == "arm_stop":
            self._driver_services.stop("emergency stop of the arm")
        else:
            self._say.fault = fault

    # What the robot reports.

    def report(self) -> Report:
        if self._robot is None:
            return WARN, "not configured", {}
        state, reason = self._robot.state, self._robot.reason
        level = {DriverState.STOPPED: ERROR, DriverState.HOLD: WARN}.get(state, OK)
        values = {
            **self._robot.arm.diagnostics(),
            **self._counts,
            "images": self._say.images,
            "fault injected": self._say.fault.name or "none",
            "simulated time (s)": self._robot.now,
            "real time factor": self._pace.factor(time.monotonic(), self._robot.now),
            "episode": self._robot.episode,
            **self._say.render.report("render, wall"),
            **self._answer.report("capture to command, wall"),
        }
        return level, f"{state.value}{': ' + reason if reason else ''}", values


def main() -> int:
    """Entry point of `lib/mvp_real/sim_bridge`."""
    return run_node(SimBridge)
