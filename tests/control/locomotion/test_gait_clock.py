"""The clock of the gait runs with the ticks and is the one of training."""

from __future__ import annotations

import numpy as np
import pytest

from mvp_real.control.locomotion.gait_clock import GAIT_PERIOD, GaitClock
from mvp_real.tasks.digit.gait import Gait, clock


def test_it_is_the_clock_of_training() -> None:
    assert Gait().period == GAIT_PERIOD
    gait = GaitClock()
    for k in range(100):
        np.testing.assert_allclose(gait.observation(), clock(np.array([k * 0.02 / 0.8]))[0], atol=1e-12)
        gait.advance(0.02)


def test_a_skipped_tick_counts() -> None:
    one, other = GaitClock(), GaitClock()
    for _ in range(3):
        one.advance(0.02)
    other.advance(0.06)
    assert one.phase == pytest.approx(other.phase)
    one.restart()
    assert one.phase == 0.0
