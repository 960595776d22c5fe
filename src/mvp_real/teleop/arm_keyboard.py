"""An arm from the keys of a terminal: each key moves the virtual hand a step, and holding it down keeps it moving.

A terminal never tells when a key comes up, so the clutch is held as long as keys keep coming; see `keyboard`.
"""

from __future__ import annotations

import math

import numpy as np

from mvp_real.teleop.hand_sample import HandSample
from mvp_real.teleop.keyboard import HOLD, QUIT
from mvp_real.teleop.marks import MarkKeys
from mvp_real.teleop.virtual_hand import VirtualHand

STEP, TURN_STEP = 0.01, 0.05  # m and rad per key
# Key to the axis (x, y, z, roll, pitch, yaw) and the direction.
KEYS: dict[str, tuple[int, float]] = {
    "w": (0, 1.0), "s": (0, -1.0), "a": (1, 1.0), "d": (1, -1.0), "r": (2, 1.0), "f": (2, -1.0),
    "l": (3, 1.0), "j": (3, -1.0), "k": (4, 1.0), "i": (4, -1.0), "u": (5, 1.0), "o": (5, -1.0),
}  # fmt: skip
CLUTCH, GRIP = " ", "g"
HELP = (
    "w/s forward/back  a/d left/right  r/f up/down  u/o i/k j/l turn  g gripper  hold SPACE: clutch  "
    "ENTER/BACKSPACE: marks  q: leave"
)


class ArmKeyboard:
    """Turns keys into hand samples. Times are handed in.

    Attributes:
        left: The operator asked to leave.
    """

    def __init__(self, side: str = "right") -> None:
        self._hand = VirtualHand("keyboard", side)
        self._closed = False
        self._marks = MarkKeys()
        self._pressed_at = -math.inf
        self.left = False

    def press(self, key: str, now: float) -> None:
        """Take one character from the terminal; a key without a meaning is no sign of life."""
        if key in QUIT:
            self.left = True
            return
        if self._marks.press(key, now):
            return
        if key in KEYS:
            axis, direction = KEYS[key]
            move = np.zeros(6)
            move[axis] = direction * (STEP if axis < 3 else TURN_STEP)
            self._hand.push(move[:3], move[3:])
        elif key == GRIP:
            self._closed = not self._closed
        elif key != CLUTCH:
            return
        self._pressed_at = now

    def sample(self, now: float) -> HandSample:
        """The sample of this moment."""
        clutch = not self.left and 0.0 <= now - self._pressed_at <= HOLD
        if not clutch:
            self._hand.rest()
        return self._hand.sample(
            now,
            clutch,
            float(self._closed),
            *self._marks.held(now),
        )
