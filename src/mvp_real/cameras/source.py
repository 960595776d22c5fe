"""Where images come from. A source never blocks a control loop: it hands out the newest frame or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from mvp_real.clocks import Clock
from mvp_real.messages import Frame


class FrameSource(Protocol):
    """A camera, a recording or the simulator."""

    def latest(self) -> Frame | None:
        """The newest frame, the same one again if nothing new came, or None before the first."""
        ...


class RecordedFrames:
    """Frames played back at the pace at which they were taken, on a clock that starts with the first frame.

    Args:
        frames: In order of their stamps.
        clock: Paces the playback.
    """

    def __init__(self, frames: Sequence[Frame], clock: Clock) -> None:
        self._frames = frames
        self._clock = clock
        self._start = clock.now()
        self._next = 0

    def latest(self) -> Frame | None:
        """The newest frame due by now, with its stamp moved to the playback's clock."""
        if not self._frames:
            return None
        offset = self._start - self._frames[0].stamp
        now = self._clock.now()
        while self._next < len(self._frames) and self._frames[self._next].stamp + offset <= now:
            self._next += 1
        if self._next == 0:
            return None
        frame = self._frames[self._next - 1]
        return Frame(frame.image, frame.stamp + offset, frame.sequence)
