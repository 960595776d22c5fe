"""Percentiles of the last durations of one stage, for diagnostics."""

from __future__ import annotations

from collections import deque

import numpy as np

HISTORY = 4096


class Durations:
    """Collects durations in seconds; forgets the oldest."""

    def __init__(self) -> None:
        self._values: deque[float] = deque(maxlen=HISTORY)

    def add(self, seconds: float) -> None:
        """Take one duration."""
        self._values.append(seconds)

    def report(self, name: str) -> dict[str, str]:
        """`<name> p50/p95/p99/max (ms)` and the count as text; nothing before the first duration."""
        if not self._values:
            return {}
        values = 1000 * np.array(self._values)
        p50, p95, p99 = np.percentile(values, (50, 95, 99))
        return {
            f"{name} p50 (ms)": f"{p50:.2f}",
            f"{name} p95 (ms)": f"{p95:.2f}",
            f"{name} p99 (ms)": f"{p99:.2f}",
            f"{name} max (ms)": f"{values.max():.2f}",
            f"{name} count": str(values.size),
        }
