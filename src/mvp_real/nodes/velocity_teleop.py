"""Node `velocity_teleop`: `cmd_vel` and the dead-man switch from a keyboard in the terminal, or from a gamepad.

Under `mvp_real up` the keyboard is that of the terminal in which it was started. `ros2 launch` gives its nodes no
terminal; there, run this node in a second one: ros2 run mvp_real velocity_teleop --ros-args -r __ns:=/digit
"""

from __future__ import annotations

import threading
import time

import numpy as np
from geometry_msgs.msg import Twist
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from std_msgs.msg import Bool

from mvp_real.control.locomotion.command import CommandLimits
from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray
from mvp_real.nodes.diagnostics import OK, WARN, Report
from mvp_real.nodes.digit_conversions import twist_message
from mvp_real.nodes.input_reader import Reader, read_gamepad, read_keys
from mvp_real.nodes.managed_node import ManagedNode
from mvp_real.nodes.parameters import declare
from mvp_real.nodes.quality import COMMAND
from mvp_real.nodes.runner import run_node
from mvp_real.teleop.gamepad import Gamepad
from mvp_real.teleop.keyboard import HELP, KeyboardTeleop

PERIOD = 0.05  # s of wall time between two commands


class VelocityTeleop(ManagedNode):
    """See the module; parameters describe themselves (`ros2 param describe`)."""

    def __init__(self) -> None:
        super().__init__("velocity_teleop", "operator's hand")
        self._device = declare(self, "device", "keyboard", "keyboard or gamepad.", read_only=True)
        text = "Device file of the gamepad."
        self._path = declare(self, "gamepad_path", "/dev/input/js0", text, read_only=True)
        self._reader: Reader | None = None
        self._keyboard: KeyboardTeleop | None = None
        self._gamepad: Gamepad | None = None
        self._shown = (False, (0.0, 0.0, 0.0))
        self._lock = threading.Lock()

    def configure(self) -> None:
        limits = CommandLimits()
        if self._device == "keyboard":
            self._keyboard = KeyboardTeleop(limits.lower, limits.upper)
            self._reader = read_keys(
                "ros2 run mvp_real velocity_teleop --ros-args -r __ns:=/digit", self._on_keys, self._on_end
            )
            print(HELP, flush=True)
        elif self._device == "gamepad":
            self._gamepad = Gamepad(limits.lower, limits.upper)
            self._reader = read_gamepad(self._path, self._on_events, self._on_end)
        else:
            raise MvpRealError(f"device is '{self._device}'; use keyboard or gamepad")
        self._commands = self.create_publisher(Twist, "cmd_vel", COMMAND)
        self._deadman = self.create_publisher(Bool, "deadman", COMMAND)
        self._ready = False

    def activate(self) -> None:
        # Wall time: a hand does not know how fast a simulation runs.
        self._timer = self.create_timer(PERIOD, self._speak, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def deactivate(self) -> None:
        self._timer.cancel()
        self._publish(np.zeros(3), False)

    def shut_down(self) -> None:
        super().shut_down()
        if self._reader is not None:
            self._reader.close()

    def _speak(self) -> None:
        with self._lock:
            now = time.monotonic()
            if self._keyboard is not None:
                held, command, left = (
                    self._keyboard.held(now),
                    self._keyboard.command(now),
                    self._keyboard.left,
                )
            else:
                assert self._gamepad is not None
                held, command, left = self._gamepad.held, self._gamepad.command(), self._gamepad.left
        self._publish(command, held)
        shown = (held, tuple(np.round(command, 2).tolist()))
        if shown != self._shown:
            self._shown = shown
            forward, sideways, turn = shown[1]
            switch = "held" if held else "RELEASED"
            print(
                f"forward {forward:+.2f} m/s  sideways {sideways:+.2f} m/s  turn {turn:+.2f} rad/s  switch {switch}",
                flush=True,
            )
        if left:
            self.exit_code = 0

    def _publish(self, command: FloatArray, held: bool) -> None:
        self._commands.publish(twist_message(command))
        self._deadman.publish(Bool(data=held))

    def _on_keys(self, data: bytes) -> None:
        assert self._keyboard is not None
        with self._lock:
            for key in data.decode("utf-8", errors="ignore"):
                self._keyboard.press(key, time.monotonic())

    def _on_events(self, data: bytes) -> None:
        assert self._gamepad is not None
        with self._lock:
            self._gamepad.feed(data)

    def _on_end(self) -> None:
        """The terminal or the gamepad is gone."""
        with self._lock:
            if self._gamepad is not None:
                self._gamepad.lose()
            if self._keyboard is not None:
                self._keyboard.press("q", time.monotonic())
        self.get_logger().error(f"the {self._device} is gone: the dead-man switch counts as released")

    def report(self) -> Report:
        held, command = self._shown
        return (OK if held else WARN), "held" if held else "released", {"command": command}


def main() -> int:
    """Entry point of `lib/mvp_real/velocity_teleop`."""
    return run_node(VelocityTeleop)
