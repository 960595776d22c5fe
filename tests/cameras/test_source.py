"""Recorded frames come at the pace at which they were taken."""

from __future__ import annotations

import numpy as np

from mvp_real.cameras.source import RecordedFrames
from mvp_real.clocks import ManualClock
from mvp_real.messages import Frame


def frames(*stamps: float) -> list[Frame]:
    return [Frame(np.full((2, 2, 3), k, np.uint8), stamp, k) for k, stamp in enumerate(stamps)]


def test_frames_appear_when_they_are_due_and_stay_until_the_next() -> None:
    clock = ManualClock(10.0)
    source = RecordedFrames(frames(3.0, 3.2, 3.3), clock)
    seen = []
    for _ in range(5):
        frame = source.latest()
        assert frame is not None
        seen.append((frame.sequence, round(frame.stamp, 3)))
        clock.advance(0.1001)  # just past each due time
    assert seen == [(0, 10.0), (0, 10.0), (1, 10.2), (2, 10.3), (2, 10.3)]


def test_without_frames_there_is_nothing() -> None:
    assert RecordedFrames([], ManualClock()).latest() is None
