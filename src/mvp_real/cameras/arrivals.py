"""How well frames come: rate, gaps, silence and repetitions."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

RATE_WINDOW = 2.0  # s
# Every 16th row tells two images apart well enough: a sensor's noise is everywhere.
SAMPLED_ROWS = 16


class Arrivals:
    """Counts the frames of one stream. Times are those of a monotonic clock, s.

    Attributes:
        frames: Frames so far.
        dropped: Frames missing between those that came, by the numbers that the device gives them.
        repeated: Identical images in a row up to now, beyond the first.
    """

    def __init__(self) -> None:
        self.frames = self.dropped = self.repeated = 0
        self._number: int | None = None
        self._sample: NDArray[np.uint8] | None = None
        self._last: float | None = None
        self._times: deque[float] = deque()

    def restart(self) -> None:
        """The device was connected anew: its numbers begin again, silence goes on."""
        self._number = None

    def add(self, number: int, image: NDArray[np.uint8], now: float) -> int:
        """Take a frame; the number of frames missing before it.

        Args:
            number: The device's number of the frame; one that goes backward has started anew.
            image: (H, W, 3) uint8.
            now: Time of arrival, s.
        """
        gap = 0 if self._number is None else max(0, number - self._number - 1)
        self._number = number
        self.frames += 1
        self.dropped += gap
        sample = image[::SAMPLED_ROWS].copy()
        same = self._sample is not None and np.array_equal(sample, self._sample)
        self.repeated = self.repeated + 1 if same else 0
        self._sample = sample
        self._last = now
        self._times.append(now)
        self._forget(now)
        return gap

    def silence(self, now: float) -> float:
        """Time since the last frame, s; infinite before the first."""
        return float("inf") if self._last is None else now - self._last

    def rate(self, now: float) -> float:
        """Frames per second over the last seconds."""
        self._forget(now)
        times = list(self._times)
        if len(times) < 2:
            return 0.0
        # The silence since the last frame counts: a stream that stopped has no rate.
        return len(times) / max(
            times[-1] - times[0] + (times[-1] - times[0]) / (len(times) - 1), now - times[0]
        )

    def _forget(self, now: float) -> None:
        while self._times and self._times[0] < now - RATE_WINDOW:
            self._times.popleft()
