"""How the gripper follows commands: a dead time, then constant speed.

The vendor's gripper is driven over a serial line behind the arm's controller, so that a command takes a while
until the fingers move. The two times matter for learning at 5 Hz: "close" is commanded on three still
pictures of a demonstration, because the measured opening stays above the open threshold that long, and on the
first picture that shows it closed the fingers hold the fruit, so that the lift may begin at once. With a
slower gripper the same state would be labelled "wait" and "lift", which a policy without memory averages. The
travel is faster than the vendor's gripper manages: on the real one the recording waits until it has closed.
"""

from __future__ import annotations

STROKE = 0.085
DEAD_TIME = 0.40
SPEED = 4.0


class GripperServo:
    """Turns a commanded opening fraction into the set-point of the finger motors.

    Args:
        opening: Opening fraction at the start.
        dead_time: Time from a change of the command to the first motion, s.
        speed: Change of the opening fraction, 1/s (4: 85 mm in a quarter of a second).
    """

    def __init__(self, opening: float = 1.0, dead_time: float = DEAD_TIME, speed: float = SPEED) -> None:
        self._dead_time, self._speed = dead_time, speed
        self.reset(opening)

    def reset(self, opening: float) -> None:
        """Start again at an opening, with nothing commanded."""
        self.set_point = opening
        self._command = opening
        self._waiting = 0.0

    def command(self, opening: float) -> None:
        """Ask for an opening fraction; repeating the same command changes nothing."""
        opening = min(max(opening, 0.0), 1.0)
        if abs(opening - self._command) > 1e-6:
            self._command = opening
            self._waiting = self._dead_time

    def advance(self, seconds: float) -> float:
        """Let time pass; returns the new set-point of the opening fraction."""
        if self._waiting > 0.0:
            self._waiting -= seconds
            return self.set_point
        step = self._speed * seconds
        self.set_point += min(max(self._command - self.set_point, -step), step)
        return self.set_point
