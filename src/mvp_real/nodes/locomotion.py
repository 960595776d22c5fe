"""Node `locomotion`: the 50 Hz loop of a walking policy, from measurements and `cmd_vel` to `joint_command`.

Ticks fall on a grid of ROS time; in lock-step a tick follows each complete set of measurements instead. When the policy
loses the robot a command without names says so to the driver. The loop itself is `control.locomotion.loop`.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

from geometry_msgs.msg import Twist
from nav_msgs.msg import Odometry
from sensor_msgs.msg import Imu, JointState
from std_msgs.msg import Bool, String
from std_srvs.srv import SetBool, Trigger

from mvp_real.control.locomotion.command import CommandLimits
from mvp_real.control.locomotion.loop import LocomotionLoop
from mvp_real.control.locomotion.state import LATCHED, LocomotionParameters, LocomotionState
from mvp_real.control.locomotion.tick_log import TickLog
from mvp_real.control.schedule import TickSchedule
from mvp_real.inference.latency import StartupLatency
from mvp_real.inference.locomotion import LocomotionSession
from mvp_real.nodes import conversions, digit_conversions
from mvp_real.nodes.diagnostics import ERROR, OK, WARN, Report
from mvp_real.nodes.durations import Durations
from mvp_real.nodes.grid_timer import NANOSECONDS, GridTimer
from mvp_real.nodes.managed_node import ManagedNode
from mvp_real.nodes.pace import Pace, refuse_slow_start
from mvp_real.nodes.parameters import declare
from mvp_real.nodes.quality import COMMAND, sensor_quality
from mvp_real.nodes.quality import LATCHED as LATCHED_TOPIC
from mvp_real.nodes.runner import run_node
from mvp_real.resources import model_directory
from mvp_real.robots.digit import load_digit
from mvp_real.robots.real_time import freeze_garbage, take_priority

ON_TIME = 0.002  # s; 99.9 % of the ticks shall be this close to the grid (specification, rule 1)
DEADMAN_AGE = 0.5  # s
STATUS_PERIOD = 0.5  # s of simulated or real time between two statuses without a change


class Locomotion(ManagedNode):
    """See the module; parameters describe themselves (`ros2 param describe`)."""

    def __init__(self) -> None:
        super().__init__("locomotion", "walking policy")
        declare(self, "bundle", "digit_walk", "Locomotion bundle.")
        speed = declare(
            self, "speed", "1", "'lockstep' ticks on each sample instead of on time.", read_only=True
        )
        self._pace = Pace.parse(speed)
        self._lockstep = self._pace.lockstep
        text = "Largest commanded speed, m/s; 0.15 for the first steps on hardware."
        self._max_speed = declare(self, "max_speed", 1.0, text, (0.1, 1.0), read_only=True)
        text = "Unless 'none': walk only while the topic 'deadman' says true at least twice a second."
        self._deadman = declare(self, "teleop", "none", text, read_only=True) != "none"
        text = "Largest start-up latency (p95) with which the node starts, s."
        self._limit = declare(self, "latency_limit", 0.005, text, (0.0005, 1.0))
        text = "SCHED_FIFO priority of the loop, where the system allows it; 0 asks for none."
        self._priority = declare(self, "priority", 50, text, (0, 99), read_only=True)
        text = "File for everything that the policy sees and says (.npz); empty writes nothing."
        self._log_path = declare(self, "log", "", text, read_only=True)
        self._loop: LocomotionLoop | None = None
        self._startup: StartupLatency | None = None
        self._schedule = TickSchedule(load_digit().control_period, on_time=ON_TIME)
        self._log = TickLog()
        self._policy, self._interval, self._age = Durations(), Durations(), Durations()
        self._ticked_at = 0.0
        self._published_at = 0.0
        self._stamps = {"joints": -1, "imu": -1, "base": -1}  # ns, of the newest of each
        self._answered = -1
        self._answer: JointState | None = None
        quality = sensor_quality(self._lockstep)
        self._commands = self.create_publisher(JointState, "joint_command", COMMAND)
        self._status = self.create_publisher(String, "~/status", LATCHED_TOPIC)
        self.create_subscription(JointState, "joint_states", self._on_joints, quality)
        self.create_subscription(Imu, "imu", self._on_imu, quality)
        self.create_subscription(Odometry, "odom", self._on_base, quality)
        self.create_subscription(Twist, "cmd_vel", self._on_command, COMMAND)
        self.create_subscription(Bool, "deadman", self._on_deadman, COMMAND)
        self.create_subscription(String, "driver/status", self._on_driver, LATCHED_TOPIC)
        self.create_service(SetBool, "~/engage", self._on_engage)
        self.create_service(Trigger, "~/clear_fault", self._on_clear_fault)

    # Life cycle.

    def configure(self) -> None:
        session = LocomotionSession(model_directory(str(self.get_parameter("bundle").value)))
        if not self._lockstep:
            problem = take_priority(
                self._priority
            )  # before the latency is judged by which the node may start
            if problem:
                self.get_logger().warning(problem)
        self._startup = session.warm_up()
        refuse_slow_start(self._startup, self._limit, self._pace)
        parameters = LocomotionParameters(
            command=CommandLimits().slower(self._max_speed),
            deadman_age=DEADMAN_AGE if self._deadman else None,
        )
        table = load_digit()
        self._loop = LocomotionLoop(session.card, table, session, parameters)
        self._names = digit_conversions.interface_names(table.motors)
        self._publish_status()
        self.get_logger().info(f"walking policy '{session.card.name}' ready; {self._startup}")

    def activate(self) -> None:
        freeze_garbage()
        if not self._lockstep:
            self._timer = GridTimer(self, self._schedule, self._tick)

    def deactivate(self) -> None:
        if self._loop is not None:
            before = self._loop.engaged
            self._loop.disengage("the locomotion node was deactivated")
            self._leave(before, self._now())
            self._publish_status()
        if not self._lockstep:
            self._timer.close()
        if self._log_path and len(self._log):
            self._log.save(Path(self._log_path))

    def clean_up(self) -> None:
        self._loop = None

    # Ticks.

    def _now(self) -> float:
        return self.get_clock().now().nanoseconds / NANOSECONDS

    def _tick(self, now: float) -> None:
        loop = self._loop
        if loop is None:
            return
        started = time.monotonic()
        before, engaged = loop.state, loop.engaged
        output = loop.tick(now)
        if output.command is not None:
            self._answer = digit_conversions.joint_command_message(output.command, self._names)
            self._commands.publish(self._answer)
            self._age.add(now - output.command.stamp)
        elif self._lockstep:
            # Whoever waits must get an answer; before the first command it means nothing to the driver.
            self._answer = digit_conversions.leave_message(now)
            self._commands.publish(self._answer)
        else:
            self._leave(engaged, now)
        if output.record is not None:
            self._policy.add(time.monotonic() - started)
            if self._ticked_at:
                self._interval.add(started - self._ticked_at)
            self._ticked_at = started
            if self._log_path:
                self._log.add(output.record)
        else:
            self._ticked_at = 0.0
        self._note(before)
        if now - self._published_at >= STATUS_PERIOD or now < self._published_at:
            self._publish_status()

    def _leave(self, engaged_before: bool, now: float) -> None:
        """Tell the driver at once when the policy has lost the robot."""
        if engaged_before and self._loop is not None and not self._loop.engaged:
            self._commands.publish(digit_conversions.leave_message(now))

    def _note(self, before: LocomotionState) -> None:
        loop = self._loop
        if loop is None or loop.state is before:
            return
        text = f"{before.value} -> {loop.state.value}" + (f": {loop.reason}" if loop.reason else "")
        if loop.state in LATCHED:
            self.get_logger().error(text)
        else:
            self.get_logger().info(text)
        self._publish_status()
        self.diagnostics.publish()

    # Inputs.

    def _on_joints(self, message: JointState) -> None:
        if self._loop is not None:
            self._loop.measured.joints(conversions.joint_reading(message))
            self._note_sample("joints", message)

    def _on_imu(self, message: Imu) -> None:
        if self._loop is not None:
            self._loop.measured.imu(digit_conversions.imu_reading(message))
            self._note_sample("imu", message)

    def _on_base(self, message: Odometry) -> None:
        if self._loop is not None:
            self._loop.measured.base(digit_conversions.base_reading(message))
            self._note_sample("base", message)

    def _note_sample(self, name: str, message: JointState | Imu | Odometry) -> None:
        """In lock-step tick once all measurements of a step are there; repeat the answer if asked again."""
        if not self._lockstep:
            return
        self._stamps[name] = stamp = conversions.nanoseconds(message.header.stamp)
        if not self.active or any(other != stamp for other in self._stamps.values()):
            return
        if stamp != self._answered:
            self._answered = stamp
            self._tick(stamp / NANOSECONDS)
        elif self._answer is not None:
            self._commands.publish(self._answer)

    def _on_command(self, message: Twist) -> None:
        if self._loop is not None:
            self._loop.velocity_command.take(digit_conversions.velocity_command(message), self._now())

    def _on_deadman(self, message: Bool) -> None:
        if self._loop is not None:
            self._loop.deadman(bool(message.data), self._now())

    def _on_driver(self, message: String) -> None:
        if self._loop is None:
            return
        status = json.loads(message.data)
        before = self._loop.state
        latched = status["state"] in ("stopped", "fallen")
        self._loop.driver(status["state"] in ("running", "hold"), status["reason"] if latched else "")
        self._note(before)

    def _on_engage(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        loop = self._loop
        if loop is None or not self.active:
            response.success, response.message = False, "the node is not active"
            return response
        before, engaged = loop.state, loop.engaged
        if request.data:
            problem = loop.engage(self._now())
            response.success, response.message = not problem, problem or loop.state.value
        else:
            loop.disengage("disengaged by the operator")
            self._leave(engaged, self._now())
            response.success, response.message = True, loop.state.value
        self._note(before)
        return response

    def _on_clear_fault(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        if self._loop is None:
            response.success, response.message = False, "the node is not configured"
            return response
        before = self._loop.state
        self._loop.clear_fault()
        response.success, response.message = True, self._loop.reason
        self._note(before)
        return response

    # Reports.

    def _publish_status(self) -> None:
        loop = self._loop
        if loop is None:
            return
        self._published_at = self._now()
        status = {
            "state": loop.state.value,
            "reason": loop.reason,
            "stamp": self._published_at,
            "command": [round(float(value), 4) for value in loop.velocity_command.current],
        }
        self._status.publish(String(data=json.dumps(status)))

    def report(self) -> Report:
        loop = self._loop
        if loop is None:
            return WARN, "not configured", {}
        jitter = self._schedule.statistics()
        level = ERROR if loop.state in LATCHED else WARN if loop.counters["late inputs"] else OK
        now = self._now()
        values = {
            **loop.diagnostics(),
            "command age (s)": loop.velocity_command.age(now),
            "startup": str(self._startup),
            "loop period (ms)": 1000 * self._schedule.period,
            "ticks on the grid": jitter.ticks,
            "deadline misses": jitter.dropped,
            "ticks within 2 ms, ROS time (%)": 100 * jitter.on_time,
            "tick lateness p99, ROS time (ms)": 1000 * jitter.p99,
            **self._policy.report("policy, wall"),
            **self._interval.report("tick interval, wall"),
            **self._age.report("measurement to command, ROS time"),
        }
        return level, f"{loop.state.value}{': ' + loop.reason if loop.reason else ''}", values


def main() -> int:
    """Entry point of `lib/mvp_real/locomotion`."""
    return run_node(Locomotion)
