"""How often in a row something has been wrong, counted over ticks of the control period.

A tick is a command at least half a control period after the one counted before, so that a 50 Hz teleoperation
stream and a 5 Hz policy are judged over the same time.
"""

from __future__ import annotations


class Streaks:
    """Counters of one stream of commands, each with a name; times are handed in.

    Args:
        period: Control period, s.
    """

    def __init__(self, period: float) -> None:
        self._period = period
        self._counts: dict[str, int] = {}
        self._is_tick = False
        self._tick_at = 0.0

    @property
    def empty(self) -> bool:
        """Nothing is being counted: a caller may skip what would only end streaks."""
        return not self._counts

    def restart(self, now: float) -> None:
        """The next command is a tick; the counts stay."""
        self._tick_at = now - self._period

    def clear(self) -> None:
        """Forget all counts."""
        self._counts.clear()

    def begin(self, now: float) -> bool:
        """Start of a command's checks: whether it is a tick."""
        self._is_tick = now - self._tick_at >= 0.5 * self._period
        if self._is_tick:
            self._tick_at = now
        return self._is_tick

    def count(self, name: str, broken: bool) -> int:
        """Number of ticks in a row, with this one, on which `name` was broken."""
        if not broken:
            if name in self._counts:
                del self._counts[name]
            return 0
        count = self._counts.get(name, 0) + self._is_tick
        self._counts[name] = count
        return count
