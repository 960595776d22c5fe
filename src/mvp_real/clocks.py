"""Time as seen by control code: a clock is handed in, so that tests can move it by hand."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Source of the current time in seconds."""

    def now(self) -> float:
        """Current time in seconds. Monotonic within one run; the origin is the clock's own."""
        ...


class SystemClock:
    """The machine's monotonic clock."""

    def now(self) -> float:
        return time.monotonic()


class ManualClock:
    """A clock that moves only when told to, for tests and lock-step simulation."""

    def __init__(self, now: float = 0.0) -> None:
        self._now = now

    def now(self) -> float:
        return self._now

    def advance(self, seconds: float) -> float:
        """Move the clock by `seconds` (negative simulates a jump back) and return the new time."""
        self._now += seconds
        return self._now
