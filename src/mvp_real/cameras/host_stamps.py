"""Capture times of a device as times of this host's steady clock."""

from __future__ import annotations

WINDOW = 30.0  # s; a clock that drifts by 20 ppm is 0.6 ms off by then


class HostStamps:
    """Moves stamps of a foreign clock to the host's, by the frame that was quickest on its way.

    The offset is the smallest difference between arrival and stamp in the present and the previous window: the
    transport only ever adds to it, and it adds least to the quickest frame. A foreign clock that goes backward
    has started anew.

    Args:
        window: How long a smallest difference counts at least, s; at most twice as long.
    """

    def __init__(self, window: float = WINDOW) -> None:
        self._window = window
        self._last = 0.0
        self._began: float | None = None
        self._present = self._previous = 0.0

    def convert(self, stamp: float, arrival: float) -> float:
        """Time of the host's steady clock when the frame was taken, s; not later than its arrival.

        Args:
            stamp: Capture time by the device's clock, s.
            arrival: Time of the frame's arrival by the host's steady clock, s: one that people set would move the
                offset with it.
        """
        difference = arrival - stamp
        if self._began is None or stamp < self._last:
            self._began = arrival
            self._present = self._previous = difference
        elif arrival - self._began >= self._window:
            self._began = arrival
            self._previous, self._present = self._present, difference
        self._last = stamp
        self._present = min(self._present, difference)
        return stamp + min(self._present, self._previous)
