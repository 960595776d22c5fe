"""Velocity commands from the keys of a terminal.

A terminal tells when a key goes down or repeats, never when it comes up. So the dead-man switch is the space bar held
down, whose repetitions are the sign of life; a tap on any other bound key counts as one too. After 0.7 s without a key
(longer than the pause before a key begins to repeat) the switch counts as released.
"""

from __future__ import annotations

import math

import numpy as np

from mvp_real.messages import FloatArray

HOLD = 0.7  # s
SPEED_STEP, TURN_STEP = 0.1, 0.3  # m/s and rad/s per tap; the smallest commands that the policy knows
# Key to the axis that it changes and by how much.
STEPS: dict[str, tuple[int, float]] = {
    "w": (0, SPEED_STEP),
    "s": (0, -SPEED_STEP),
    "z": (1, SPEED_STEP),
    "c": (1, -SPEED_STEP),
    "a": (2, TURN_STEP),
    "d": (2, -TURN_STEP),
}
STAND, DEADMAN, QUIT = "x", " ", ("q", "\x1b")
HELP = (
    "hold SPACE: dead-man switch   w/s: faster/slower   a/d: turn left/right   z/c: step left/right   "
    "x: stand   q: leave"
)


class KeyboardTeleop:
    """Turns keys into commands. Times are handed in.

    Args:
        lower, upper: (3,) ranges of the command: forward and sideways in m/s, turn in rad/s.
    """

    def __init__(self, lower: tuple[float, ...], upper: tuple[float, ...]) -> None:
        self._lower, self._upper = np.array(lower), np.array(upper)
        self._command: FloatArray = np.zeros(3)
        self._pressed_at = -math.inf
        self.left = False

    def press(self, key: str, now: float) -> None:
        """Take one character from the terminal; a key without a meaning is no sign of life."""
        if key in QUIT:
            self.left = True
            self._command[:] = 0.0
            self._pressed_at = -math.inf
            return
        if key in STEPS:
            axis, step = STEPS[key]
            self._command[axis] = round(float(self._command[axis]) + step, 3)
            np.clip(self._command, self._lower, self._upper, out=self._command)
        elif key == STAND:
            self._command[:] = 0.0
        elif key != DEADMAN:
            return
        self._pressed_at = now

    def held(self, now: float) -> bool:
        """Whether the dead-man switch counts as held."""
        return not self.left and 0.0 <= now - self._pressed_at <= HOLD

    def command(self, now: float) -> FloatArray:
        """(3,) the command; zero, and forgotten, once the switch is released."""
        if not self.held(now):
            self._command[:] = 0.0
        current: FloatArray = self._command.copy()
        return current
