"""How regular a fast loop is: percentiles of the times between its newest ticks."""

from __future__ import annotations

from collections import deque

import numpy as np

HISTORY = 4096


class Periods:
    """Times between ticks; each stream begins anew, so that a pause is no late tick.

    Args:
        wanted: Period, s; a tick that comes half a period late counts as late.
    """

    def __init__(self, wanted: float) -> None:
        self._wanted = wanted
        self._values: deque[float] = deque(maxlen=HISTORY)
        self._before: float | None = None
        self.late = 0

    def restart(self) -> None:
        """The next tick is the first of a new stream."""
        self._before = None

    def tick(self, now: float) -> None:
        """Note a tick."""
        if self._before is not None:
            period = now - self._before
            self._values.append(period)
            self.late += period > 1.5 * self._wanted
        self._before = now

    def report(self) -> dict[str, str]:
        """Percentiles as text, for diagnostics; nothing before the second tick."""
        if not self._values:
            return {}
        p50, p99 = 1e3 * np.percentile(np.array(self._values), (50, 99))
        return {
            "servo period p50 (ms)": f"{p50:.2f}",
            "servo period p99 (ms)": f"{p99:.2f}",
            "late servo points": str(self.late),
        }
