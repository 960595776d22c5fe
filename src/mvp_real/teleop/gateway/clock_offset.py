"""The browser's clock against ours, from the ping with the shortest way."""

from __future__ import annotations

from collections import deque

HISTORY = 20  # pings kept: clocks drift apart by some microseconds in a second, so old ones go
SLOWEST = 1.0  # s; a longer way says nothing about the offset


class ClockOffset:
    """Offset of one browser's `performance.now` from this computer's clock."""

    def __init__(self) -> None:
        self._pings: deque[tuple[float, float]] = deque(maxlen=HISTORY)

    @property
    def known(self) -> bool:
        """Whether a ping has come back."""
        return bool(self._pings)

    @property
    def round_trip(self) -> float:
        """Shortest way there and back, s."""
        return min(self._pings)[0] if self._pings else 0.0

    def pong(self, sent: float, received: float, browser: float) -> None:
        """A ping sent and received at our times came back with the browser's time; all in s."""
        if 0.0 <= received - sent <= SLOWEST:
            self._pings.append((received - sent, browser - 0.5 * (sent + received)))

    def ours(self, browser: float) -> float:
        """Our time of a browser's time, s; wrong by at most half the round trip."""
        return browser - min(self._pings)[1]
