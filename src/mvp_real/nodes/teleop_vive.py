"""Node `teleop_vive`: the operator's hands from tracked controllers through SteamVR, on the topic `teleop`.

Controllers are named by their serial numbers; the log lists those that are there. Without SteamVR:
`mvp_real emulate vive`, and export what it prints before this node starts.
"""

from __future__ import annotations

import time

from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from sensor_msgs.msg import Joy

from mvp_real.clocks import SystemClock
from mvp_real.errors import MvpRealError
from mvp_real.nodes.diagnostics import OK, WARN, Report
from mvp_real.nodes.managed_node import ManagedNode
from mvp_real.nodes.parameters import declare
from mvp_real.nodes.runner import run_node
from mvp_real.nodes.teleop_messages import HANDS, TOPIC, joy_message
from mvp_real.teleop.hand_sample import SIDES, untracked
from mvp_real.teleop.openvr_controllers import NotTracked, OpenVrControllers
from mvp_real.teleop.vive_samples import SOURCE, vive_sample


class TeleopVive(ManagedNode):
    """See the module; parameters describe themselves (`ros2 param describe`)."""

    def __init__(self) -> None:
        super().__init__("teleop_vive", "operator's hand")
        self._serials = {}
        for side in SIDES:
            text = f"Serial number of the {side} hand's controller; empty: none."
            serial = declare(self, f"{side}_serial", "", text, read_only=True)
            if serial:
                self._serials[side] = serial
        self._rate = declare(self, "rate", 90.0, "Samples per second.", (10.0, 250.0), read_only=True)
        self._controllers: OpenVrControllers | None = None
        self._lost: dict[str, str] = {}
        self._published = 0

    def configure(self) -> None:
        self._controllers = OpenVrControllers(list(self._serials.values()), SystemClock())
        found = self._controllers.devices()
        listed = ", ".join(f"{serial} ({kind})" for serial, kind in found.items()) or "nothing"
        if not self._serials:
            raise MvpRealError(
                f"no controller is named; give left_serial or right_serial. SteamVR has: {listed}"
            )
        self._samples = self.create_publisher(Joy, TOPIC, HANDS)
        self.get_logger().info(f"vive ready; SteamVR has: {listed}")

    def activate(self) -> None:
        # Wall time: a hand does not know how fast a simulation runs.
        self._timer = self.create_timer(
            1.0 / self._rate, self._speak, clock=Clock(clock_type=ClockType.STEADY_TIME)
        )

    def deactivate(self) -> None:
        self._timer.cancel()
        for side in self._serials:
            self._samples.publish(joy_message(untracked(SOURCE, side, time.monotonic())))

    def shut_down(self) -> None:
        super().shut_down()
        if self._controllers is not None:
            self._controllers.close()

    def _speak(self) -> None:
        assert self._controllers is not None
        readings = self._controllers.read()
        for side, serial in self._serials.items():
            reading = readings[serial]
            self._samples.publish(joy_message(vive_sample(reading, side)))
            self._published += 1
            reason = reading.reason if isinstance(reading, NotTracked) else ""
            if reason and self._lost.get(side) != reason:
                self.get_logger().warning(reason)
            self._lost[side] = reason

    def report(self) -> Report:
        lost = [reason for reason in self._lost.values() if reason]
        return (WARN if lost else OK), "; ".join(lost) or "tracked", {"samples": self._published}


def main() -> int:
    """Entry point of `lib/mvp_real/teleop_vive`."""
    return run_node(TeleopVive)
