"""The robot's clock as the driver's: it goes on evenly when the robot begins to count anew."""

from __future__ import annotations

from enum import Enum

OVERTAKEN = (
    0.25  # s; an observation older than this cannot have been overtaken on its way, the robot has restarted
)
GAP = 0.001  # s between the last moment before a restart and the first one after it


class Arrival(Enum):
    """What an observation is by its time."""

    NEW = "new"
    OVERTAKEN = "overtaken"
    RESTARTED = "restarted"


class SessionClock:
    """Maps the time in observations to a time that never runs back.

    Attributes:
        now: The driver's time, s.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self._offset = 0.0
        self._last: float | None = None

    def advance(self, time: float) -> Arrival:
        """Take the time of an observation, s. An overtaken one changes nothing."""
        last = self._last
        if last is not None and last - OVERTAKEN < time <= last:
            return Arrival.OVERTAKEN
        self._last = time
        restarted = last is not None and time < last
        if restarted:
            self._offset = self.now + GAP - time
        self.now = time + self._offset
        return Arrival.RESTARTED if restarted else Arrival.NEW
