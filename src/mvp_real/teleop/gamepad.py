"""Velocity commands from a gamepad, read from the kernel's joystick device (`/dev/input/js0`).

The left shoulder button is the dead-man switch: held down, it tells at once when it comes up. The left stick is the
velocity, the right one the turn.
"""

from __future__ import annotations

import struct

import numpy as np

from mvp_real.messages import FloatArray

EVENT = struct.Struct("<IhBB")  # time in ms, value, kind, number: linux/joystick.h
BUTTON, AXIS, INITIAL = 0x01, 0x02, 0x80
FULL = 32767
# Numbers of an Xbox-like gamepad under the kernel's driver.
DEADMAN_BUTTON, QUIT_BUTTON = 4, 6
FORWARD_AXIS, SIDEWAYS_AXIS, TURN_AXIS = 1, 0, 3
DEAD_ZONE = 0.12  # share of a stick's way that means nothing


class Gamepad:
    """State of a gamepad, from its event stream.

    Args:
        lower, upper: (3,) ranges of the command: forward and sideways in m/s, turn in rad/s.
    """

    def __init__(self, lower: tuple[float, ...], upper: tuple[float, ...]) -> None:
        self._lower: FloatArray = np.array(lower)
        self._upper: FloatArray = np.array(upper)
        self._rest = b""
        self._axes: dict[int, float] = {}
        self._buttons: dict[int, bool] = {}
        self.left = False

    def feed(self, data: bytes) -> None:
        """Take bytes of the device, also parts of an event."""
        data = self._rest + data
        whole = len(data) - len(data) % EVENT.size
        self._rest = data[whole:]
        for _, value, kind, number in EVENT.iter_unpack(data[:whole]):
            if kind & ~INITIAL == BUTTON:
                self._buttons[number] = bool(value)
                # A button that is down when the device is opened is no wish of anybody.
                self.left = self.left or (number == QUIT_BUTTON and bool(value) and not kind & INITIAL)
            elif kind & ~INITIAL == AXIS:
                self._axes[number] = max(-1.0, value / FULL)

    def lose(self) -> None:
        """The device is gone: nothing is held any more."""
        self._axes.clear()
        self._buttons.clear()
        self._rest = b""

    @property
    def held(self) -> bool:
        """Whether the dead-man switch is held."""
        return not self.left and self._buttons.get(DEADMAN_BUTTON, False)

    def command(self) -> FloatArray:
        """(3,) the command; zero unless the switch is held. Full deflection is the end of the range."""
        if not self.held:
            return np.zeros(3)
        # The kernel counts down and right as positive, the robot forward and left.
        sticks = -np.array([self.stick(axis) for axis in (FORWARD_AXIS, SIDEWAYS_AXIS, TURN_AXIS)])
        command: FloatArray = np.where(sticks >= 0.0, sticks * self._upper, -sticks * self._lower)
        return command

    def axis(self, number: int, unknown: float = 0.0) -> float:
        """Position of an axis, -1..1; `unknown` before it has said anything."""
        return self._axes.get(number, unknown)

    def button(self, number: int) -> bool:
        """Whether a button is down."""
        return self._buttons.get(number, False)

    def stick(self, axis: int) -> float:
        """Position of a stick without its dead zone, -1..1."""
        value = self._axes.get(axis, 0.0)
        size = max(0.0, abs(value) - DEAD_ZONE) / (1.0 - DEAD_ZONE)
        return size if value >= 0.0 else -size
