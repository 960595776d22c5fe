"""Node `hand`: an Allegro hand on CAN, the real one or the emulated one, behind the topics and services of a robot.

It publishes `joint_states` and executes `joint_target` through the limiter. Nothing moves before `~/enable` or
`~/home`; what each stop means stands in docs/how-to/connect_allegro.md. Torque is given by a process of its own, which
lets the hand go when this one is silent.
"""

from __future__ import annotations

from rclpy.clock import Clock
from rclpy.clock_type import ClockType

from mvp_real.nodes.diagnostics import OK, STALE, WARN, Report
from mvp_real.nodes.driver_front import STATUS_PERIOD, DriverFront
from mvp_real.nodes.managed_node import ManagedNode
from mvp_real.nodes.parameters import declare
from mvp_real.nodes.runner import run_node
from mvp_real.robots.allegro.driver import AllegroHand, hand_limits
from mvp_real.robots.allegro.table import load_hand


class Hand(ManagedNode):
    """See the module; parameters describe themselves (`ros2 param describe`)."""

    def __init__(self) -> None:
        super().__init__("hand", "allegro")
        text = "Generation of the hand: v4, v5 (type B) or v5a (type A)."
        self._variant = declare(self, "variant", "v4", text, read_only=True)
        self._side = declare(self, "side", "right", "right or left.", read_only=True)
        text = "CAN interface of python-can: socketcan for a real hand, udp_multicast for the emulated one."
        self._interface = declare(self, "interface", "socketcan", text, read_only=True)
        text = "Channel of the interface, e.g. can0, or GROUP[:PORT] of udp_multicast."
        self._channel = declare(self, "channel", "can0", text, read_only=True)
        text = "Hardware version to accept besides the variant's own, as the hand reports it; 0 is none."
        self._hardware = declare(self, "hardware_version", 0, text, (0, 65535), read_only=True)
        text = "Joint states per second."
        self._rate = declare(self, "rate", 100.0, text, (1.0, 200.0), read_only=True)
        text = "Time between two targets of whoever commands, s; 5 Hz is usual, 20 Hz the most."
        self._period = declare(self, "control_period", 0.2, text, (0.05, 1.0), read_only=True)
        text = "Largest change of a joint in one control period, rad."
        self._max_step = declare(self, "max_step", 0.2, text, (0.01, 0.2), read_only=True)
        text = "How long to look for the hand at the start, s."
        self._wait = declare(self, "wait", 10.0, text, (1.0, 600.0), read_only=True)
        text = (
            "Silence that stops the hand, s: no joint angles, no sign of life of the driver or of the loop are "
            "judged by their own limits times this factor. Above 1 only where other work delays the loop."
        )
        self._patience = declare(self, "patience", 1.0, text, (1.0, 20.0), read_only=True)
        self._hand: AllegroHand | None = None
        self._front: DriverFront | None = None
        self._sent_stamp = 0.0

    # Life cycle.

    def configure(self) -> None:
        table = load_hand(self._variant, self._side)
        limits = hand_limits(table, [self._max_step] * table.arm_joints, self._period)
        changes = {
            name: self._patience * getattr(table, name) for name in ("frame_age", "parent_age", "loop_age")
        }
        hand = AllegroHand(
            table,
            self._interface,
            self._channel,
            limits,
            self._hardware,
            changes if self._patience > 1.0 else None,
        )
        self._hand = hand
        hand.connect(self._wait)
        self._front = DriverFront(self, hand, lambda: {"ready": hand.ready})
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(1.0 / self._rate, self._on_timer, clock=steady)
        self.create_timer(STATUS_PERIOD, self._front.publish_status, clock=steady)

    def activate(self) -> None:
        assert self._hand is not None
        assert self._front is not None
        report = self._hand.report
        if report.warning:
            self.get_logger().warning(report.warning)
        self._front.publish_status()
        self.get_logger().info(f"hand ready: {report.serial} on {self._interface} {self._channel}, disabled")

    def deactivate(self) -> None:
        if self._hand is not None and self._front is not None:
            self._hand.disable()
            self._front.publish_status()

    def shut_down(self) -> None:
        super().shut_down()
        hand, self._hand = self._hand, None
        if hand is not None:
            hand.close()

    # What it says.

    def _on_timer(self) -> None:
        assert self._hand is not None
        assert self._front is not None
        self._front.note_change()
        reading = self._hand.read()
        # Angles that did not come again are not published again: their age is then for all to see.
        if reading.stamp > self._sent_stamp:
            self._sent_stamp = reading.stamp
            self._front.publish_reading(reading)

    def report(self) -> Report:
        if self._hand is None or self._front is None:
            return WARN, "not configured", {}
        level, text, values = self._front.report({"CAN": f"{self._interface} {self._channel}"})
        return STALE if level == OK and not self._hand.ready else level, text, values


def main() -> int:
    """Entry point of `lib/mvp_real/hand`."""
    return run_node(Hand)
