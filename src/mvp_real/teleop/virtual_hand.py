"""A hand without a tracker: keys and sticks move a pose, which then is a sample like that of any other hand."""

from __future__ import annotations

import numpy as np

from mvp_real.messages import FloatArray
from mvp_real.teleop.hand_sample import HandSample

SPEED, TURN = 0.25, 1.0  # m/s and rad/s
AHEAD, TURN_AHEAD = 0.03, 0.15  # m and rad that the goal may be ahead: more would go on after the key came up


class VirtualHand:
    """Pose that follows its goal at limited speed, so that a key's step is a motion and not a jump.

    Args:
        source: "keyboard" or "gamepad".
        side: Which of the operator's hands it stands for.
    """

    def __init__(self, source: str, side: str) -> None:
        self._source, self._side = source, side
        self._position, self._goal = np.zeros(3), np.zeros(3)
        self._angles, self._angles_goal = np.zeros(3), np.zeros(3)
        self._moved_at: float | None = None

    def push(self, shift: FloatArray, turn: FloatArray) -> None:
        """Move the goal by (3,) m along and (3,) rad about x forward, y left, z up."""
        self._goal = _towards(self._position, self._goal + shift, AHEAD)
        self._angles_goal = _towards(self._angles, self._angles_goal + turn, TURN_AHEAD)

    def rest(self) -> None:
        """The goal is where the hand is: nothing is left to do."""
        self._goal, self._angles_goal = self._position, self._angles

    def sample(self, now: float, clutch: bool, grip: float, primary: bool, secondary: bool) -> HandSample:
        """The sample of this moment."""
        elapsed = 0.0 if self._moved_at is None or not clutch else min(now - self._moved_at, 0.1)
        self._moved_at = now if clutch else None
        self._position = _towards(self._position, self._goal, SPEED * elapsed)
        self._angles = _towards(self._angles, self._angles_goal, TURN * elapsed)
        quaternion = _quaternion(self._angles)
        return HandSample(
            self._source, self._side, now, self._position, quaternion, True, clutch, grip, primary, secondary
        )


def _towards(value: FloatArray, goal: FloatArray, step: float) -> FloatArray:
    way = goal - value
    distance = float(np.linalg.norm(way))
    return goal if distance <= step else value + way * (step / distance)


def _quaternion(angles: FloatArray) -> FloatArray:
    """(4,) w, x, y, z of roll, then pitch, then yaw about fixed axes."""
    roll, pitch, yaw = 0.5 * angles
    cr, sr, cp, sp, cy, sy = (
        np.cos(roll),
        np.sin(roll),
        np.cos(pitch),
        np.sin(pitch),
        np.cos(yaw),
        np.sin(yaw),
    )
    return np.array(
        [
            cr * cp * cy + sr * sp * sy,
            sr * cp * cy - cr * sp * sy,
            cr * sp * cy + sr * cp * sy,
            cr * cp * sy - sr * sp * cy,
        ]
    )
