"""Node `sim_bridge`: the simulated arm and its wrist camera behind the topics and services of a real robot.

It owns the clock (`/clock`). With `speed:=N` simulated time follows N times the wall clock, slower when the
computer cannot keep up; with `speed:=lockstep` it waits at each control step for the answer to the image it
sent.
"""

from __future__ import annotations

import json
import time
from collections import deque
from typing import Any

from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.parameter import Parameter
from rosgraph_msgs.msg import Clock as ClockMessage
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import Float64MultiArray, String
from std_srvs.srv import SetBool, Trigger
from trajectory_msgs.msg import JointTrajectory

from mvp_real.bundle import ORACLE, Card, load_card
from mvp_real.errors import MvpRealError
from mvp_real.nodes import conversions
from mvp_real.nodes.diagnostics import ERROR, OK, WARN, Report
from mvp_real.nodes.durations import Durations
from mvp_real.nodes.faults import Fault
from mvp_real.nodes.managed_node import ManagedNode
from mvp_real.nodes.pace import Pace
from mvp_real.nodes.parameters import declare
from mvp_real.nodes.quality import CLOCK, COMMAND, LATCHED, sensor_quality
from mvp_real.nodes.runner import run_node
from mvp_real.nodes.simulated_robot import SimulatedRobot
from mvp_real.resources import model_directory
from mvp_real.robots.limits import Limits
from mvp_real.robots.table import load_robot
from mvp_real.robots.verdict import DriverState
from mvp_real.tasks.pick_fruit import EpisodeSetup, evaluation_setups, setup_to_dict
from mvp_real.tasks.pick_fruit_world import PickFruitWorld

STEP_MS = 10  # clock and joint states at 100 Hz
REPEAT_AFTER = 1.0  # s of wall time without an answer after which a lock-step sample is sent again
CAMERA_FRAME = "wrist_camera_optical_frame"


class SimBridge(ManagedNode):
    """See the module; parameters describe themselves (`ros2 param describe`)."""

    def __init__(self) -> None:
        super().__init__("sim_bridge", "simulated xarm7")
        self._pace = Pace.parse(
            declare(
                self,
                "speed",
                "1",
                "Simulated seconds per second, or 'lockstep' to wait for the policy.",
                read_only=True,
            )
        )
        declare(
            self, "bundle", "pick_fruit", "Controller bundle whose limits apply; a comma list uses the first."
        )
        camera_rate = declare(
            self, "camera_rate", 5.0, "Images per simulated second.", (1.0, 30.0), read_only=True
        )
        self._camera_ms = STEP_MS * max(1, round(1000 / camera_rate / STEP_MS))
        self._view = declare(self, "view", "none", "'window' opens MuJoCo's viewer.", read_only=True)
        declare(self, "episode", "", "JSON set-up of the next ~/reset: setup, and optionally bundle.")
        self._fault = Fault.parse(
            declare(self, "fault", "", "Fault to inject, 'name' or 'name=seconds'; see faults.py.")
        )
        self.add_on_set_parameters_callback(self._on_parameters)
        self._card: Card | None = None
        self._render = Durations()
        self._answer = Durations()
        self._sent_at: dict[int, float] = {}
        self._delayed: deque[tuple[float, Image]] = deque()
        self._last_image: Image | None = None
        self._waiting_for: int | None = None  # nanoseconds of the lock-step sample that has no answer yet
        self._counts = dict.fromkeys(("images", "commands", "holds", "rejected", "repeats"), 0)
        self._reason = ""
        self._viewer: Any = None

    # Life cycle.

    def configure(self) -> None:
        self._robot = SimulatedRobot(PickFruitWorld(scene_camera=False))
        self._begin(evaluation_setups("plain")[0], str(self.get_parameter("bundle").value).split(",")[0])
        quality = sensor_quality(self._pace.lockstep)
        self._clock_publisher = self.create_publisher(ClockMessage, "/clock", CLOCK)
        self._joints = self.create_publisher(JointState, "joint_states", quality)
        self._images = self.create_publisher(Image, "wrist_camera/image", quality)
        self._features = self.create_publisher(Image, "wrist_camera/features", quality)
        self._scene = self.create_publisher(Float64MultiArray, "scene_state", 50)
        self._status = self.create_publisher(String, "~/status", LATCHED)
        self.create_subscription(JointTrajectory, "joint_target", self._on_target, COMMAND)
        self.create_service(SetBool, "~/enable", self._on_enable)
        self.create_service(Trigger, "~/stop", self._on_stop)
        self.create_service(Trigger, "~/home", self._on_home)
        self.create_service(Trigger, "~/clear_fault", self._on_clear_fault)
        self.create_service(Trigger, "~/reset", self._on_reset)

    def activate(self) -> None:
        if self._view == "window":
            self._open_window()
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._pace.start(time.monotonic())
        period = 0.05 if self._pace.lockstep else self._pace.timer_period(STEP_MS / 1000)
        self._timer = self.create_timer(period, self._on_timer, clock=steady)
        self.get_logger().info("simulator ready")

    def deactivate(self) -> None:
        self._timer.cancel()
        self._robot.arm.disable()
        self._publish_status()

    def shut_down(self) -> None:
        super().shut_down()
        if self._viewer is not None:
            self._viewer.close()
        if hasattr(self, "_robot"):
            self._robot.world.close()

    # Time.

    def _on_timer(self) -> None:
        if self._pace.lockstep:
            self._lockstep_timer()
            return
        if self._pace.due(time.monotonic(), STEP_MS / 1000):
            self._robot.advance(STEP_MS)
            self._publish_step()

    def _publish_step(self) -> None:
        robot = self._robot
        now = robot.milliseconds
        # The image first: drawing it takes time that a camera would not take, so the clock waits for it.
        if now % self._camera_ms == 0:
            self._publish_image()
        self._clock_publisher.publish(ClockMessage(clock=conversions.time_message(robot.now)))
        self._publish_joints()
        self._send_delayed()
        if now % round(1000 * robot.world.task.control_period) == 0:
            self._publish_status()
        if now % 100 == 0:
            self._publish_scene()
        if self._viewer is not None and now % 50 == 0:
            self._viewer.sync()

    def _lockstep_timer(self) -> None:
        """Nothing to do while answers come; otherwise say the same again."""
        if self._waiting_for is None:
            if not self._robot.started:  # others still need a clock to see that we are here
                self._clock_publisher.publish(ClockMessage(clock=conversions.time_message(self._robot.now)))
                self._publish_joints()
        elif time.monotonic() - self._asked_at > REPEAT_AFTER:
            self._counts["repeats"] += 1
            self._ask()

    def _ask(self) -> None:
        """Send the sample of this control step and wait for the answer."""
        robot = self._robot
        self._waiting_for = robot.milliseconds * 1_000_000
        self._asked_at = time.monotonic()
        self._clock_publisher.publish(ClockMessage(clock=conversions.time_message(robot.now)))
        self._publish_joints()
        self._publish_image()
        self._publish_scene()
        self._publish_status()

    def _step_lockstep(self) -> None:
        period = round(1000 * self._robot.world.task.control_period)
        self._waiting_for = None
        self._robot.advance(period // 2)
        self._publish_scene()
        self._robot.advance(period - period // 2)
        outcome = self._robot.outcome()
        if outcome.done or self._robot.state in (DriverState.DISABLED, DriverState.STOPPED):
            self._clock_publisher.publish(ClockMessage(clock=conversions.time_message(self._robot.now)))
            self._publish_scene()
            self._publish_status()
        else:
            self._ask()

    # What the robot publishes.

    def _publish_joints(self) -> None:
        if self._fault.name == "joint_stop":
            return
        message = conversions.joint_state_message(self._robot.reading())
        if self._fault.name == "joint_order":
            message.name = message.name[::-1]
        self._joints.publish(message)

    def _publish_image(self) -> None:
        if self._fault.name == "camera_stop":
            return
        self._counts["images"] += 1
        stamp = self._robot.milliseconds
        started = time.monotonic()
        self._sent_at[stamp] = started
        for old in [key for key in self._sent_at if abs(key - stamp) > 2000]:
            del self._sent_at[old]
        if self._fault.name in ("camera_freeze", "camera_stuck") and self._last_image is not None:
            message = self._last_image
            if self._fault.name == "camera_freeze":
                message.header.stamp = conversions.time_message(self._robot.now)
        elif self._card is not None and self._card.encoder is not None and self._card.encoder.name == ORACLE:
            message = conversions.feature_message(self._robot.oracle(), f"{ORACLE}#")
        else:
            frame = self._robot.frame()
            message = conversions.image_message(frame.image, frame.stamp, CAMERA_FRAME)
        self._render.add(time.monotonic() - started)
        self._last_image = message
        if self._fault.name == "image_delay":
            self._delayed.append((self._robot.now + self._fault.value, message))
        else:
            self._send_image(message)

    def _send_image(self, message: Image) -> None:
        (self._features if message.encoding == "32FC1" else self._images).publish(message)

    def _send_delayed(self) -> None:
        while self._delayed and self._delayed[0][0] <= self._robot.now:
            self._send_image(self._delayed.popleft()[1])

    def _publish_scene(self) -> None:
        """Episode, time and generalised positions: enough to draw the scene elsewhere."""
        if self._scene.get_subscription_count():
            qpos = self._robot.world.data.qpos.tolist()
            self._scene.publish(
                Float64MultiArray(data=[float(self._robot.episode), self._robot.world.time, *qpos])
            )

    def _publish_status(self) -> None:
        outcome = self._robot.outcome()
        setup = self._robot.world.setup
        status = {
            "episode": self._robot.episode,
            "state": self._robot.state.value,
            "reason": self._driver_reason(),
            "homing": self._robot.arm.homing,
            "time": self._robot.world.time,
            "stamp": self._robot.now,
            "outcome": {
                "success": outcome.success,
                "done": outcome.done,
                "height": outcome.height,
                "category": outcome.failure_category,
                "steps": outcome.steps,
                "closing_distance": None
                if outcome.closing_distance != outcome.closing_distance
                else outcome.closing_distance,
            },
            "setup": None if setup is None else setup_to_dict(setup),
        }
        self._status.publish(String(data=json.dumps(status)))

    def _driver_reason(self) -> str:
        return self._robot.arm.diagnostics()["reason"]

    # What the robot is told.

    def _on_target(self, message: JointTrajectory) -> None:
        if not self.active:
            return
        stamp = conversions.nanoseconds(message.header.stamp)
        sent = self._sent_at.pop(stamp // 1_000_000, None)
        if sent is not None:
            self._answer.add(time.monotonic() - sent)
        before = self._robot.state
        target = conversions.joint_target(message)
        if target is None:
            self._counts["holds"] += 1
        else:
            self._counts["commands"] += 1
            verdict = self._robot.command(target)
            if verdict.position is None and before is not DriverState.DISABLED:
                self._counts["rejected"] += 1
                self.get_logger().warning(f"target refused: {verdict.reason}", throttle_duration_sec=1.0)
        self._note_change(before)
        if self._pace.lockstep and self._waiting_for == stamp:
            self._step_lockstep()

    def _note_change(self, before: DriverState) -> None:
        if self._robot.state is not before:
            reason = self._driver_reason()
            change = f"driver {before.value} -> {self._robot.state.value}"
            if reason and self._robot.state is not DriverState.DISABLED:
                self.get_logger().warning(f"{change}: {reason}")
            else:
                self.get_logger().info(change)
            self._publish_status()
            self.diagnostics.publish()

    def _on_enable(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        before = self._robot.state
        if not request.data:
            self._robot.arm.disable()
            self._waiting_for = None
            response.success, response.message = True, ""
        else:
            if self._pace.lockstep:
                self._robot.align()
            verdict = self._robot.enable()
            response.success = verdict.state is DriverState.RUNNING
            response.message = verdict.reason
            if response.success and self._pace.lockstep:
                self._ask()
        self._note_change(before)
        return response

    def _on_stop(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        before = self._robot.state
        self._robot.arm.stop("stopped by the operator")
        self._note_change(before)
        response.success, response.message = True, self._driver_reason()
        return response

    def _on_home(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        before = self._robot.state
        self._robot.enable()
        verdict = self._robot.arm.home()
        response.success, response.message = verdict.state is DriverState.RUNNING, verdict.reason
        self._note_change(before)
        return response

    def _on_clear_fault(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        before = self._robot.state
        verdict = self._robot.arm.clear_fault()
        response.success, response.message = verdict.state is not DriverState.STOPPED, verdict.reason
        self._note_change(before)
        return response

    def _on_reset(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        if self._robot.state is DriverState.STOPPED:
            response.success = False
            response.message = f"a stop is latched ({self._driver_reason()}); call ~/clear_fault first"
            return response
        try:
            setup, bundle = self._parse_episode(str(self.get_parameter("episode").value))
            self._begin(setup, bundle or str(self.get_parameter("bundle").value).split(",")[0])
        except MvpRealError as error:
            response.success, response.message = False, str(error)
            return response
        self._publish_status()
        response.success, response.message = True, json.dumps({"episode": self._robot.episode})
        return response

    def _begin(self, setup: EpisodeSetup, bundle: str) -> None:
        self._card = load_card(model_directory(bundle), verify=False)
        if self._card.action is None:
            raise MvpRealError(
                f"bundle '{bundle}' is of kind '{self._card.kind}'; the arm needs a controller's limits"
            )
        limits = Limits.from_table(
            load_robot("xarm7"), self._card.action.max_step, self._card.action.control_period
        )
        self._waiting_for = None
        self._delayed.clear()
        self._sent_at.clear()
        self._last_image = None
        self._robot.reset(setup, limits)

    def _parse_episode(self, text: str) -> tuple[EpisodeSetup, str]:
        if not text:
            raise MvpRealError("set the parameter 'episode' before ~/reset")
        try:
            content = json.loads(text)
            return EpisodeSetup.from_dict(content["setup"]), str(content.get("bundle", ""))
        except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
            raise MvpRealError(f"'episode' is JSON with a 'setup', got {text!r}: {error}") from error

    def _on_parameters(self, parameters: list[Parameter]) -> SetParametersResult:
        """Veto what could not be carried out, with the reason; a new fault takes effect at once."""
        try:
            for parameter in parameters:
                if parameter.name == "episode" and parameter.value:
                    _, bundle = self._parse_episode(parameter.value)
                    if bundle:
                        model_directory(bundle)
                if parameter.name == "fault":
                    self._inject(Fault.parse(parameter.value))
        except MvpRealError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def _inject(self, fault: Fault) -> None:
        self._fault = fault
        self.get_logger().warning(
            f"fault injected: {fault.name} {fault.value or ''}" if fault.name else "fault removed"
        )
        if fault.name == "clock_jump":
            self._robot.jump(fault.value)
            self._fault = Fault()
        if fault.name == "arm_stop":
            before = self._robot.state
            self._robot.arm.stop("emergency stop of the arm")
            self._note_change(before)

    # What the robot reports.

    def report(self) -> Report:
        if not hasattr(self, "_robot"):
            return WARN, "not configured", {}
        driver = self._robot.arm.diagnostics()
        state = self._robot.state
        level = {DriverState.STOPPED: ERROR, DriverState.HOLD: WARN}.get(state, OK)
        values = {
            **driver,
            **self._counts,
            "fault injected": self._fault.name or "none",
            "simulated time (s)": self._robot.now,
            "real time factor": self._pace.factor(time.monotonic(), self._robot.now),
            "episode": self._robot.episode,
            **self._render.report("render"),
            **self._answer.report("capture to command, wall"),
        }
        return level, f"{state.value}{': ' + driver['reason'] if driver['reason'] else ''}", values

    def _open_window(self) -> None:
        try:
            from mujoco import viewer

            self._viewer = viewer.launch_passive(
                self._robot.world.model, self._robot.world.data, show_left_ui=False, show_right_ui=False
            )
        except Exception as error:  # whatever the window system raises
            raise MvpRealError(f"view:=window needs a display ({error}); use view:=browser") from error


def main() -> int:
    """Entry point of `lib/mvp_real/sim_bridge`."""
    return run_node(SimBridge)
