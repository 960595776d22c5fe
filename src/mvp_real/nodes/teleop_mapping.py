"""Node `teleop_mapping`: the operator's hand, from whatever device, to `joint_target` of an arm or a robot hand.

It answers each sample of the topic `teleop` at once, so that no timer adds to the latency. While the clutch is
released it publishes nothing: the driver keeps the last target. The mapping itself
is `mvp_real.teleop.arm_mapping` or, for a hand, `hand_mapping`.
"""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from dataclasses import replace

from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.parameter import Parameter
from sensor_msgs.msg import JointState, Joy
from std_msgs.msg import String
from trajectory_msgs.msg import JointTrajectory

from mvp_real.errors import MvpRealError
from mvp_real.messages import JointTarget
from mvp_real.nodes import conversions
from mvp_real.nodes.diagnostics import OK, WARN, Report
from mvp_real.nodes.durations import Durations
from mvp_real.nodes.managed_node import ManagedNode
from mvp_real.nodes.parameters import declare
from mvp_real.nodes.quality import COMMAND, LATCHED, SENSOR
from mvp_real.nodes.runner import run_node
from mvp_real.nodes.teleop_messages import HANDS, TOPIC, ros_now, steady_sample
from mvp_real.robots.allegro.table import load_hand
from mvp_real.robots.limits import Limits
from mvp_real.robots.table import load_robot
from mvp_real.teleop.arm_follower import FollowerSettings
from mvp_real.teleop.arm_mapping import ArmMapping, MappingSettings
from mvp_real.teleop.clutch import MAX_AGE, ClutchSettings
from mvp_real.teleop.clutched_mapping import Motion
from mvp_real.teleop.hand_mapping import HandMapping
from mvp_real.teleop.hand_sample import HandSample

HAND = "allegro"
OTHER = {"left": "right", "right": "left"}
WATCH_PERIOD = 0.02  # s of wall time
STATUS_PERIOD = 0.1  # s between two status messages while the arm moves
MOVING_STATES = ("running", "hold")  # of the driver


class TeleopMapping(ManagedNode):
    """See the module; parameters describe themselves (`ros2 param describe`)."""

    def __init__(self) -> None:
        super().__init__("teleop_mapping", "operator's hand")
        self._robot = declare(
            self, "robot", "xarm7", "Table of the arm, or 'allegro' for that hand.", read_only=True
        )
        self._variant = declare(self, "variant", "v4", "Of the robot hand: v4, v5 or v5a.", read_only=True)
        period = "Control period of the robot hand's driver, s; 0 is the table's."
        self._period = declare(self, "control_period", 0.0, period, (0.0, 1.0), read_only=True)
        self._driver = declare(self, "driver", "arm", "Name of the driver's node.", read_only=True)
        declare(self, "side", "right", "Hand that moves the arm, left or right.")
        declare(self, "scale", 1.0, "Metres of the tool per metre of the hand.", (0.05, 5.0))
        declare(self, "turning", True, "The tool also turns with the hand.")
        text = "Where the operator looks, seen from the robot, degrees: 0 along its x axis, 180 towards it."
        declare(self, "facing", 0.0, text, (-360.0, 360.0))
        speed = declare(self, "speed", 0.35, "Largest speed of the tool, m/s.", (0.01, 1.0), read_only=True)
        turn = declare(
            self, "turn", 1.5, "Largest turning speed of the tool, rad/s.", (0.05, 3.0), read_only=True
        )
        age = declare(
            self, "max_age", MAX_AGE, "Oldest pose that may move the arm, s.", (0.02, 0.5), read_only=True
        )
        self._clutch_settings = ClutchSettings(max_age=age)
        self._follower_settings = FollowerSettings(speed, turn)
        self._mapping: ArmMapping | HandMapping | None = None
        self._counts: Counter[str] = Counter()
        self._latency = Durations()
        self._work = Durations()
        self._said = ("", "")
        self._said_at = 0.0
        self._targets = self.create_publisher(JointTrajectory, "joint_target", COMMAND)
        self._status = self.create_publisher(String, "~/status", LATCHED)

    def configure(self) -> None:
        self._mapping = self._make()
        self._mapping.block(f"nothing heard from the driver '{self._driver}' yet")
        self.create_subscription(JointState, "joint_states", self._on_joints, SENSOR)
        self.create_subscription(String, f"{self._driver}/status", self._on_driver, LATCHED)
        self._hands = self.create_subscription(Joy, TOPIC, self._on_sample, HANDS)
        self.add_on_set_parameters_callback(self._on_parameters)
        self.get_logger().info(f"mapping ready; the {self._mapping.side} hand moves {self._robot}")

    def activate(self) -> None:
        self._timer = self.create_timer(
            WATCH_PERIOD, self._watch, clock=Clock(clock_type=ClockType.STEADY_TIME)
        )

    def deactivate(self) -> None:
        self._timer.cancel()
        if self._mapping is not None:
            self._mapping.clutch.release("the mapping was deactivated")
            self._say(self._mapping.watch(time.monotonic()))

    def _make(self) -> ArmMapping | HandMapping:
        settings = self._settings()
        if self._robot == HAND:
            hand = load_hand(self._variant, settings.side)
            limits = Limits.from_table(hand, period=self._period or None)
            self._names = hand.joint_names
            return HandMapping(hand, limits, self._clutch_settings)
        table = load_robot(self._robot)
        self._names = table.joint_names
        return ArmMapping(Limits.from_table(table), settings)

    def _settings(self) -> MappingSettings:
        def value(name: str) -> object:
            return self.get_parameter(name).value

        return MappingSettings(
            str(value("side")),
            float(value("scale")),  # type: ignore[arg-type]
            bool(value("turning")),
            math.radians(value("facing")),  # type: ignore[arg-type]
            self._follower_settings,
            self._clutch_settings,
        )

    def _on_parameters(self, parameters: list[Parameter]) -> SetParametersResult:
        """A new side, scale or direction; never under a hand that moves the arm."""
        assert self._mapping is not None
        changes = {p.name: p.value for p in parameters if p.name in ("side", "scale", "turning", "facing")}
        if not changes:
            return SetParametersResult(successful=True)
        if not isinstance(self._mapping, ArmMapping):
            return SetParametersResult(
                successful=False, reason=f"{', '.join(changes)}: only of an arm's mapping"
            )
        if self._mapping.moving:
            return SetParametersResult(successful=False, reason="release the clutch first")
        if "facing" in changes:
            changes["facing"] = math.radians(changes["facing"])
        try:
            self._mapping.settings = replace(self._mapping.settings, **changes)
        except MvpRealError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    # Inputs.

    def _on_joints(self, message: JointState) -> None:
        reading = replace(conversions.joint_reading(message), stamp=time.monotonic())
        try:
            self._mapping.joints(reading)
        except ValueError as error:
            self._counts["joint states refused"] += 1
            self.get_logger().warning(f"joint state refused: {error}", throttle_duration_sec=1.0)

    def _on_driver(self, message: String) -> None:
        status = json.loads(message.data)
        state, reason = status.get("state", ""), status.get("reason", "")
        if status.get("homing"):
            self._mapping.block("the arm is on its way home")
        elif state in MOVING_STATES:
            self._mapping.block("")
        else:
            self._mapping.block(f"the driver is {state or 'silent'}{': ' + reason if reason else ''}")

    def _on_sample(self, message: Joy) -> None:
        if not self.active:
            return
        samples = [sample for sample in map(self._read, [message, *self._waiting()]) if sample is not None]
        for k, sample in enumerate(samples):
            # Of poses that wait only the newest is worth a solution; a release between them must not be missed.
            if k == len(samples) - 1 or not (sample.tracked and sample.clutch):
                self._feed(sample)
            else:
                self._counts["samples overtaken"] += 1

    def _waiting(self) -> list[Joy]:
        """What has come since, so that a busy computer answers the newest pose and not the oldest."""
        found = []
        handle = self._hands.handle
        with handle:
            while len(found) < HANDS.depth:
                taken = handle.take_message(Joy, False)
                if taken is None:
                    break
                found.append(taken[0])
        return found

    def _read(self, message: Joy) -> HandSample | None:
        """The sample of a message, if it is of the hand that counts."""
        self._counts["samples"] += 1
        if message.header.frame_id.endswith(f"/{OTHER[self._mapping.side]}"):
            return None  # most samples of two hands: not worth reading
        try:
            sample = steady_sample(message)
        except ValueError as error:
            self._counts["samples refused"] += 1
            self.get_logger().warning(f"sample refused: {error}", throttle_duration_sec=1.0)
            return None
        return sample if sample.side == self._mapping.side else None

    def _feed(self, sample: HandSample) -> None:
        started = time.monotonic()
        before = self._mapping.moving
        motion = self._mapping.feed(sample, started, ros_now(self))
        if motion.position is not None:
            self._publish(motion, sample.stamp)
            self._work.add(time.monotonic() - started)
            self._latency.add(time.monotonic() - sample.stamp)
        elif before and not self._mapping.moving:
            self._hold()
        self._say(motion)

    def _watch(self) -> None:
        before = self._mapping.moving
        motion = self._mapping.watch(time.monotonic())
        if before and not self._mapping.moving:
            self._hold()
        if not self._mapping.moving:
            self._say(motion)

    # Outputs.

    def _publish(self, motion: Motion, captured: float) -> None:
        stamp = ros_now(self) - (time.monotonic() - captured)
        self._counts["targets"] += 1
        self._targets.publish(
            conversions.target_message(JointTarget(self._names, motion.position, stamp, WATCH_PERIOD))
        )

    def _hold(self) -> None:
        """Say once that no more targets come: the driver keeps the last one."""
        self._counts["holds"] += 1
        self._targets.publish(conversions.hold_message(self._names, ros_now(self)))
        self.get_logger().info(f"clutch released: {self._mapping.clutch.reason}")

    def _say(self, motion: Motion) -> None:
        now = time.monotonic()
        said = (motion.state, motion.reason)
        due = now - self._said_at > (STATUS_PERIOD if motion.state == "moving" else 1.0)
        if said == self._said and not due:
            return
        self._said, self._said_at = said, now
        status = {
            "state": motion.state,
            "reason": motion.reason,
            "owner": self._mapping.clutch.owner,
            **self._mapping.facts(),
            "stamp": ros_now(self),
        }
        self._status.publish(String(data=json.dumps(status)))

    def report(self) -> Report:
        if self._mapping is None:
            return WARN, "not configured", {}
        clutch = self._mapping.clutch
        values = {
            "owner": clutch.owner or "none",
            **self._counts,
            **{f"released: {reason}": count for reason, count in clutch.releases.items()},
            **self._work.report("sample to target, wall"),
            **self._latency.report("capture to target, wall"),
        }
        return OK, "moving" if clutch.engaged else f"released: {clutch.reason}", values


def main() -> int:
    """Entry point of `lib/mvp_real/teleop_mapping`."""
    return run_node(TeleopMapping)
