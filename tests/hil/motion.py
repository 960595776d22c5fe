"""Whether a robot moves, from measured joints that do not pass through what is tested where that can be had."""

from __future__ import annotations

import time
from collections import deque

import numpy as np

from mvp_real.messages import FloatArray

WINDOW = 0.4  # s looked back at
OLD = 0.3  # s; without newer samples nothing can be said
FEWEST = 10  # samples in the window


class MotionWatch:
    """Looks at the last moments of a robot's joints.

    Args:
        still: Largest change of a joint of a robot that stands, rad.
        moved: Smallest change of a joint of a robot that moves, rad.
    """

    def __init__(self, still: float, moved: float) -> None:
        self._still, self._moved = still, moved
        self._samples: deque[tuple[float, FloatArray]] = deque(maxlen=500)

    def add(self, joints: FloatArray) -> None:
        """Take what was just measured; from any thread."""
        self._samples.append((time.monotonic(), joints))

    def forget(self) -> None:
        """Drop what was seen."""
        self._samples.clear()

    @property
    def seen(self) -> bool:
        """Whether there are fresh samples."""
        return bool(self._samples) and time.monotonic() - self._samples[-1][0] < OLD

    def still(self) -> bool:
        """Whether the robot is seen to stand."""
        change = self._change()
        return change is not None and change < self._still

    def moving(self) -> bool:
        """Whether the robot is seen to move."""
        change = self._change()
        return change is not None and change > self._moved

    def _change(self) -> float | None:
        begin = time.monotonic() - WINDOW
        recent = [joints for at, joints in list(self._samples) if at > begin]
        if not self.seen or len(recent) < FEWEST:
            return None
        return float(np.max(np.ptp(recent, axis=0)))
