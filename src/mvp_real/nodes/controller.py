"""Node `controller`: the 5 Hz loop, from features and joint states to `joint_target`.

Ticks fall on a grid of ROS time; in lock-step a tick follows each feature instead. A tick without a target
publishes a trajectory without points: "hold". The loop itself is `mvp_real.control.policy_loop`.
"""

from __future__ import annotations

import json
import time

from sensor_msgs.msg import Image, JointState
from std_msgs.msg import String
from std_srvs.srv import SetBool
from trajectory_msgs.msg import JointTrajectory

from mvp_real.bundle import ORACLE, BundleError
from mvp_real.control.policy_loop import LoopOutput, LoopState, PolicyLoop
from mvp_real.control.schedule import TickSchedule
from mvp_real.inference.latency import StartupLatency
from mvp_real.inference.session import ControllerSession
from mvp_real.nodes import conversions
from mvp_real.nodes.diagnostics import ERROR, OK, WARN, Report
from mvp_real.nodes.durations import Durations
from mvp_real.nodes.encoder import encoder_frame_id
from mvp_real.nodes.grid_timer import NANOSECONDS, GridTimer
from mvp_real.nodes.managed_node import ManagedNode
from mvp_real.nodes.pace import Pace, refuse_slow_start
from mvp_real.nodes.parameters import declare
from mvp_real.nodes.quality import COMMAND, LATCHED, joint_history_quality, sensor_quality
from mvp_real.nodes.runner import run_node
from mvp_real.resources import model_directory
from mvp_real.robots.table import load_robot

FRESH = 0.3  # s of simulated time; arming needs inputs that came at most so long ago
BACKLOG = 0.05  # s; arming needs a joint state whose stamp is at most so old


class Controller(ManagedNode):
    """See the module; parameters describe themselves (`ros2 param describe`)."""

    def __init__(self) -> None:
        super().__init__("controller", "policy")
        declare(self, "bundle", "pick_fruit", "Controller bundle; a comma list starts with the first.")
        self._robot = declare(self, "robot", "xarm7", "Robot table the bundle must fit.", read_only=True)
        self._phase = declare(
            self,
            "phase",
            # The newest image that is surely encoded is then 70 ms old, in the middle of what the ages allow.
            0.02,
            "Time of the tick after the grid of the control period, s.",
            (0.0, 1.0),
            read_only=True,
        )
        speed = declare(
            self, "speed", "1", "'lockstep' ticks on each feature instead of on time.", read_only=True
        )
        self._pace = Pace.parse(speed)
        self._lockstep = self._pace.lockstep
        self._fresh = FRESH / min(1.0, self._pace.speed or 1.0)
        self._limit = declare(
            self,
            "latency_limit",
            0.01,
            "Largest start-up latency (p95) with which the node starts, s.",
            (0.001, 10.0),
        )
        self._loop: PolicyLoop | None = None
        self._schedule = TickSchedule(0.2)
        self._startup: StartupLatency | None = None
        self._policy = Durations()
        self._command = Durations()
        self._interval = Durations()
        self._ticked_at = 0.0
        self._last: LoopOutput | None = None
        self._last_stop = ""
        self._foreign = 0
        self._feature_at = self._joints_at = -FRESH
        self._pending = self._answered = -1  # stamps in ns of lock-step
        self._joint_stamp = -1
        self._answer: JointTrajectory | None = None
        quality = sensor_quality(self._lockstep)
        self._targets = self.create_publisher(JointTrajectory, "joint_target", COMMAND)
        self._status = self.create_publisher(String, "~/status", LATCHED)
        self.create_subscription(Image, "wrist_camera/features", self._on_feature, quality)
        self.create_subscription(
            JointState, "joint_states", self._on_joints, joint_history_quality(self._lockstep)
        )
        self.create_service(SetBool, "~/enable", self._on_enable)

    # Life cycle.

    def configure(self) -> None:
        bundle = str(self.get_parameter("bundle").value).split(",")[0]
        session = ControllerSession(model_directory(bundle))
        table = load_robot(self._robot)
        encoder = session.card.encoder
        if encoder is None or session.card.action is None:
            raise BundleError(f"bundle '{bundle}' is not a controller")
        self._startup = session.warm_up()
        refuse_slow_start(self._startup, self._limit, self._pace)
        # The encoder runs in another process, so its digest is compared with every feature.
        self._loop = PolicyLoop(session.card, table, session)
        self._names = table.joint_names
        self._expected = f"{ORACLE}#" if encoder.name == ORACLE else encoder_frame_id(encoder.sha256)
        self._schedule = TickSchedule(self._loop.period, self._phase)
        self._pending = self._answered = self._joint_stamp = -1
        self._answer = None
        self._publish_status()
        self.get_logger().info(f"controller '{session.card.name}' ready; {self._startup}")

    def activate(self) -> None:
        if self._lockstep:
            return
        self._timer = GridTimer(self, self._schedule, self._tick)

    def deactivate(self) -> None:
        if self._loop is not None:
            self._loop.disable("the controller node was deactivated")
            self._publish_status()
        if not self._lockstep:
            self._timer.close()

    def clean_up(self) -> None:
        self._loop = None

    # Ticks.

    def _now(self) -> float:
        return self.get_clock().now().nanoseconds / NANOSECONDS

    def _tick(self, now: float) -> None:
        if self._loop is None:
            return
        started = time.monotonic()
        if self._ticked_at:
            self._interval.add(started - self._ticked_at)
        self._ticked_at = started
        before = self._loop.state
        output = self._loop.tick(now)
        if before is LoopState.DISARMED:
            return
        if output.target is not None:
            message = conversions.target_message(output.target)
        else:
            stamp = self._pending / NANOSECONDS if self._lockstep else now
            message = conversions.hold_message(self._names, stamp)
        self._targets.publish(message)
        self._answer = message
        self._policy.add(time.monotonic() - started)
        if output.target is not None:
            self._command.add(self._now() - output.target.stamp)
        self._note(output, before)

    def _note(self, output: LoopOutput, before: LoopState) -> None:
        self._last = output
        if output.state is before:
            return
        text = f"{before.value} -> {output.state.value}" + (f": {output.reason}" if output.reason else "")
        if output.state in (LoopState.STOPPED, LoopState.DISARMED):
            self._last_stop = output.reason
        if output.reason:
            self.get_logger().warning(text)
        else:
            self.get_logger().info(text)
        self._publish_status()
        self.diagnostics.publish()

    # Inputs.

    def _on_feature(self, message: Image) -> None:
        if self._loop is None:
            return
        if message.header.frame_id != self._expected:
            self._foreign += 1
            self._loop.refuse_feature(
                f"feature comes from '{message.header.frame_id}', "
                f"this controller was trained on '{self._expected}'"
            )
        else:
            try:
                self._loop.feature(conversions.feature(message))
                self._feature_at = time.monotonic()
            except ValueError as error:
                self._loop.refuse_feature(str(error))
        self._pending = conversions.nanoseconds(message.header.stamp)
        self._answer_in_lockstep()

    def _on_joints(self, message: JointState) -> None:
        if self._loop is None:
            return
        self._loop.joints(conversions.joint_reading(message))
        self._joints_at = time.monotonic()
        self._joint_stamp = conversions.nanoseconds(message.header.stamp)
        self._answer_in_lockstep()

    def _answer_in_lockstep(self) -> None:
        """Tick once feature and joints of the same step are there; repeat the answer if asked again."""
        if not self._lockstep or not self.active or self._pending != self._joint_stamp:
            return
        if self._pending != self._answered:
            if self._loop is None or self._loop.state is LoopState.DISARMED:
                return
            self._answered = self._pending
            self._tick(self._pending / NANOSECONDS)
        elif self._answer is not None:
            self._targets.publish(self._answer)

    def _on_enable(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        if self._loop is None or not self.active:
            response.success, response.message = False, "the node is not active"
            return response
        now = time.monotonic()
        if not request.data:
            self._loop.disable("disabled by the operator")
        elif not self._lockstep and now - self._joints_at > self._fresh:
            response.success, response.message = False, "not armed: no joint state arrives"
            return response
        elif not self._lockstep and self._now() - self._joint_stamp / NANOSECONDS > BACKLOG:
            # Joints from before a reset together with an image from after it would look like a frozen camera.
            response.success, response.message = False, "not armed: the joint states lag behind the clock"
            return response
        elif not self._lockstep and now - self._feature_at > self._fresh:
            response.success, response.message = (
                False,
                "not armed: no image feature of the right encoder arrives",
            )
            return response
        else:
            self._loop.enable()
            self._answered, self._answer = -1, None
        response.success, response.message = True, self._loop.state.value
        self._publish_status()
        return response

    # Reports.

    def _publish_status(self) -> None:
        if self._loop is not None:
            status = {"state": self._loop.state.value, "reason": self._loop.reason, "stamp": self._now()}
            self._status.publish(String(data=json.dumps(status)))

    def report(self) -> Report:
        if self._loop is None:
            return WARN, "not configured", {}
        jitter = self._schedule.statistics()
        state = self._loop.state
        error = self._last is not None and self._last.error and state is not LoopState.RUNNING
        level = ERROR if error or state is LoopState.STOPPED else WARN if state is LoopState.HOLD else OK
        values = {
            **self._loop.diagnostics(),
            "reason of the last stop": self._last_stop,
            "features of another encoder": self._foreign,
            "startup": str(self._startup),
            "loop period (ms)": 1000 * self._schedule.period,
            "ticks on the grid": jitter.ticks,
            "deadline misses": jitter.dropped,
            "ticks within 10 ms, ROS time (%)": 100 * jitter.on_time,
            "tick lateness p99, ROS time (ms)": 1000 * jitter.p99,
            **self._interval.report("tick interval, wall"),
            **self._policy.report("policy, wall"),
            **self._command.report("capture to command, ROS time"),
        }
        return level, f"{state.value}{': ' + self._loop.reason if self._loop.reason else ''}", values


def main() -> int:
    """Entry point of `lib/mvp_real/controller`."""
    return run_node(Controller)
