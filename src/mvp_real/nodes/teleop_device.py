"""Node `teleop_device`: the operator's hand from the keyboard of a terminal or from a gamepad, on the topic `teleop`.

Under `mvp_real up` the keyboard is that of the terminal in which it was started. `ros2 launch` gives its nodes no
terminal; there, run this node in a second one: ros2 run mvp_real teleop_device --ros-args -r __ns:=/xarm7
"""

from __future__ import annotations

import threading
import time

from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from sensor_msgs.msg import Joy

from mvp_real.errors import MvpRealError
from mvp_real.nodes.diagnostics import OK, WARN, Report
from mvp_real.nodes.input_reader import Reader, read_gamepad, read_keys
from mvp_real.nodes.managed_node import ManagedNode
from mvp_real.nodes.parameters import declare
from mvp_real.nodes.runner import run_node
from mvp_real.nodes.teleop_messages import HANDS, TOPIC, joy_message
from mvp_real.teleop import arm_gamepad, arm_keyboard
from mvp_real.teleop.arm_gamepad import ArmGamepad
from mvp_real.teleop.arm_keyboard import ArmKeyboard
from mvp_real.teleop.hand_sample import untracked

PERIOD = 0.02  # s of wall time between two samples


class TeleopDevice(ManagedNode):
    """See the module; parameters describe themselves (`ros2 param describe`)."""

    def __init__(self) -> None:
        super().__init__("teleop_device", "operator's hand")
        self._device = declare(self, "device", "keyboard", "keyboard or gamepad.", read_only=True)
        self._side = declare(self, "side", "right", "Hand that it stands for.", read_only=True)
        text = "Device file of the gamepad."
        self._path = declare(self, "gamepad_path", "/dev/input/js0", text, read_only=True)
        self._reader: Reader | None = None
        self._hand: ArmKeyboard | ArmGamepad
        self._lost = False
        self._lock = threading.Lock()
        self._shown = (False, 0.0)

    def configure(self) -> None:
        if self._device == "keyboard":
            self._hand = ArmKeyboard(self._side)
            self._reader = read_keys(
                "ros2 run mvp_real teleop_device --ros-args -r __ns:=/xarm7", self._on_keys, self._on_end
            )
            print(arm_keyboard.HELP, flush=True)
        elif self._device == "gamepad":
            self._hand = ArmGamepad(self._side)
            self._reader = read_gamepad(self._path, self._on_events, self._on_end)
            print(arm_gamepad.HELP, flush=True)
        else:
            raise MvpRealError(f"device is '{self._device}'; use keyboard or gamepad")
        self._samples = self.create_publisher(Joy, TOPIC, HANDS)

    def activate(self) -> None:
        # Wall time: a hand does not know how fast a simulation runs.
        self._timer = self.create_timer(PERIOD, self._speak, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def deactivate(self) -> None:
        self._timer.cancel()
        self._samples.publish(joy_message(untracked(self._device, self._side, time.monotonic())))

    def shut_down(self) -> None:
        super().shut_down()
        if self._reader is not None:
            self._reader.close()

    def _speak(self) -> None:
        now = time.monotonic()
        with self._lock:
            sample = untracked(self._device, self._side, now) if self._lost else self._hand.sample(now)
            left = self._hand.left
        self._samples.publish(joy_message(sample))
        shown = (sample.clutch, sample.grip)
        if shown != self._shown:
            self._shown = shown
            grip = "closed" if sample.grip > 0.5 else "open"
            print(f"clutch {'HELD' if sample.clutch else 'released'}  gripper {grip}", flush=True)
        if left:
            self.exit_code = 0

    def _on_keys(self, data: bytes) -> None:
        assert isinstance(self._hand, ArmKeyboard)
        with self._lock:
            for key in data.decode("utf-8", errors="ignore"):
                self._hand.press(key, time.monotonic())

    def _on_events(self, data: bytes) -> None:
        assert isinstance(self._hand, ArmGamepad)
        with self._lock:
            self._hand.feed(data)

    def _on_end(self) -> None:
        """The terminal or the gamepad is gone."""
        with self._lock:
            self._lost = True
            if isinstance(self._hand, ArmGamepad):
                self._hand.lose()
        self.get_logger().error(f"the {self._device} is gone: the clutch counts as released")

    def report(self) -> Report:
        held, grip = self._shown
        return (WARN if self._lost else OK), "clutch held" if held else "clutch released", {"grip": grip}


def main() -> int:
    """Entry point of `lib/mvp_real/teleop_device`."""
    return run_node(TeleopDevice)
