"""The robot's clock as the driver's: it goes on evenly when the robot begins to count anew."""

from __future__ import annotations

TOLERANCE = 0.005  # s; datagrams may overtake each other by this much
GAP = 0.001  # s between the last moment before a restart and the first one after it


class SessionClock:
    """Maps the time in observations to a time that never runs back.

    Attributes:
        now: The driver's time, s.
        restarts: How often the robot began anew.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self.restarts = 0
        self._offset = 0.0
        self._last: float | None = None

    def advance(self, time: float) -> bool:
        """Take the time of an observation, s; whether the robot has begun anew before it."""
        last, self._last = self._last, time
        restarted = last is not None and time < last - TOLERANCE
        if restarted:
            self.restarts += 1
            self._offset = self.now + GAP - time
        self.now = max(self.now, time + self._offset)
        return restarted
