"""The grid of control ticks: late ticks run late, missed ticks are dropped and never caught up."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import floor

import numpy as np

from mvp_real.errors import MvpRealError

ON_TIME = 0.01  # s; 99 % of the ticks shall be this close to the grid (specification, rule 1)
HISTORY = 10_000  # ticks kept for the statistics: more than half an hour at 5 Hz


@dataclass(frozen=True)
class JitterStatistics:
    """How punctual the ticks were.

    Attributes:
        ticks: Ticks that ran.
        dropped: Grid points without a tick.
        on_time: Share of ticks that were close enough to the grid, by default within 10 ms.
        median, p99, largest: Lateness, s.
    """

    ticks: int
    dropped: int
    on_time: float
    median: float
    p99: float
    largest: float


class TickSchedule:
    """Ticks at k * period + phase on the node's clock.

    Args:
        period: Control period, s.
        phase: Offset of the grid, s; so the image taken at k * period can be encoded before the tick.
        on_time: Distance from the grid that counts as punctual, s.
    """

    def __init__(self, period: float, phase: float = 0.0, on_time: float = ON_TIME) -> None:
        if not period > 0.0:
            raise MvpRealError(f"the control period is {period} s; needs a positive time")
        self.period = period
        self.phase = phase
        self._on_time = on_time
        self._last: int | None = None
        self._ticks = 0
        self._dropped = 0
        self._lateness: deque[float] = deque(maxlen=HISTORY)

    def start(self, now: float) -> float:
        """Take a tick at the time `now` and return its scheduled time; see `due` for what counts as one."""
        index = self._index(now)
        self._last = index
        return index * self.period + self.phase

    def due(self, now: float) -> float | None:
        """Scheduled time of the tick that is due at `now`, s, or None if it has run already.

        A timer may come a tenth of a period early. Grid points that were passed without a call are dropped.
        A clock that went back by more than a period starts the grid anew.
        """
        index = self._index(now)
        if self._last is not None:
            if self._last - 1 <= index <= self._last:
                return None
            if index > self._last:
                self._dropped += index - self._last - 1
        scheduled = self.start(now)
        self._ticks += 1
        self._lateness.append(now - scheduled)
        return scheduled

    def next(self, now: float) -> float:
        """Time of the first grid point after `now`, s."""
        return (floor((now - self.phase) / self.period + 1e-9) + 1) * self.period + self.phase

    def statistics(self) -> JitterStatistics:
        """Punctuality so far; all zero before the first tick."""
        late = np.array(self._lateness)
        if late.size == 0:
            return JitterStatistics(0, 0, 0.0, 0.0, 0.0, 0.0)
        return JitterStatistics(
            ticks=self._ticks,
            dropped=self._dropped,
            on_time=float(np.mean(np.abs(late) <= self._on_time)),
            median=float(np.median(late)),
            p99=float(np.percentile(late, 99)),
            largest=float(np.max(np.abs(late))),
        )

    def _index(self, now: float) -> int:
        return floor((now - self.phase) / self.period + 0.1)
