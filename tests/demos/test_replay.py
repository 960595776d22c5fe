"""Replaying a demonstration as deltas reproduces its joint path."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mvp_real.demos.reader import read_demonstration
from mvp_real.demos.replay import replay
from mvp_real.errors import MvpRealError
from mvp_real.messages import JointReading, JointTarget

from .conftest import NAMES


class LaggingArm:
    """Covers a fixed share of the way to its target in each period."""

    def __init__(self, start: np.ndarray, share: float) -> None:
        self.position = start.copy()
        self.target = start.copy()
        self.share = share
        self.time = 0.0

    def read(self) -> JointReading:
        return JointReading(NAMES, self.position.copy(), None, self.time)

    def command(self, target: JointTarget) -> None:
        self.target = target.position

    def advance(self, seconds: float) -> None:
        self.time += seconds
        self.position += self.share * (self.target - self.position)


def test_an_arm_that_reaches_its_targets_repeats_them(make_demonstration: Callable[..., Path]) -> None:
    demo = read_demonstration(make_demonstration(steps=10))
    arm = LaggingArm(np.append(demo.state[0, :7], 1.0), share=1.0)
    report = replay(demo, arm, arm.advance)
    # The recorded arm moved 0.010 rad a step towards targets 0.012 rad ahead: 0.002 rad a step are made up
    # for.
    np.testing.assert_allclose(
        report.replayed[:, 0] - report.recorded[:, 0], 0.002 * np.arange(10), atol=1e-9
    )
    assert report.rms == pytest.approx(0.002 * np.sqrt(np.mean(np.arange(10) ** 2.0)))
    assert not report.within_tolerance


def test_an_arm_with_the_recorded_lag_repeats_the_path(make_demonstration: Callable[..., Path]) -> None:
    demo = read_demonstration(make_demonstration(steps=10))
    arm = LaggingArm(np.append(demo.state[0, :7], 1.0), share=0.01 / 0.012)
    report = replay(demo, arm, arm.advance)
    assert report.rms < 1e-9
    assert report.within_tolerance


def test_a_replay_from_elsewhere_is_refused(make_demonstration: Callable[..., Path]) -> None:
    demo = read_demonstration(make_demonstration())
    start = np.append(demo.state[0, :7], 1.0)
    start[3] += 0.2
    arm = LaggingArm(start, 1.0)
    with pytest.raises(MvpRealError, match=r"joint4 is 0\.200 rad"):
        replay(demo, arm, arm.advance)
