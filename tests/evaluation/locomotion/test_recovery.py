from __future__ import annotations

import math

import numpy as np
import pytest

from mvp_real.evaluation.locomotion.recovery import BIN, RecoveryCurve, bins_of, recovery
from mvp_real.evaluation.locomotion.trajectory import Trajectory

from .synthetic import GAIT, PERIOD, trajectory

DROP = 5.0


def walk(robots: int = 1) -> Trajectory:
    """Error 0.1 m/s and some tilt throughout, 12 s."""
    made = trajectory(seconds=12.0, robots=robots)
    made.velocity[..., 0] = 0.4
    made.gravity[..., 0] = 0.05
    return made


def curve_of(made: Trajectory, robots: range = range(1)) -> RecoveryCurve | None:
    return recovery([bins_of(made, DROP, robot) for robot in robots])


def at(seconds: float) -> int:
    return round(seconds / PERIOD)


def test_without_a_change_recovery_takes_no_time() -> None:
    curve = curve_of(walk())
    assert curve is not None
    assert curve.seconds == 0.0
    assert curve.error_before == pytest.approx(0.1)
    assert curve.tilt_before == pytest.approx(0.0025)
    assert curve.times[0] == pytest.approx(-4.0)
    assert curve.times[-1] == pytest.approx(6.5)


def test_the_time_until_both_stay_within_a_tenth() -> None:
    made = walk()
    made.velocity[at(DROP) : at(DROP + 1.7), 0, 0] = 0.6
    made.gravity[at(DROP) : at(DROP + 2.2), 0, 0] = 0.2
    curve = curve_of(made)
    assert curve is not None
    assert curve.seconds == pytest.approx(3.0)  # 2.2 s and the gait cycle that is averaged over


def test_swaying_with_the_gait_does_not_disturb_the_bins() -> None:
    """Half-second bins of an oscillation of 0.8 s would scatter by far more than a tenth."""
    made = trajectory(seconds=12.0)
    made.velocity[:, 0, 1] = 0.3 * np.sin(2 * math.pi * PERIOD * np.arange(len(made.velocity)) / GAIT)
    curve = curve_of(made)
    assert curve is not None
    assert np.ptp(curve.error) < 0.02 * curve.error_before
    assert curve.seconds == 0.0


def test_a_relapse_within_two_seconds_counts() -> None:
    made = walk()
    made.velocity[at(DROP + 1.0) : at(DROP + 1.5), 0, 0] = 0.6
    curve = curve_of(made)
    assert curve is not None
    assert curve.seconds == pytest.approx(2.5)


def test_eleven_percent_is_too_much_and_nine_is_not() -> None:
    for factor, seconds in ((1.09, 0.0), (1.11, math.inf)):
        made = walk()
        made.velocity[at(DROP) :, 0, 0] = 0.3 + 0.1 * factor
        curve = curve_of(made)
        assert curve is not None
        assert curve.seconds == seconds


def test_a_robot_that_falls_after_the_drop_does_not_recover() -> None:
    made = walk()
    made.steps[0], made.end[0] = at(DROP + 1.0), 1
    curve = curve_of(made)
    assert curve is not None
    assert curve.seconds == math.inf


def test_a_robot_that_falls_before_the_drop_has_no_curve() -> None:
    made = walk()
    made.steps[0], made.end[0] = at(2.0), 1
    assert curve_of(made) is None


def test_the_mean_is_over_those_on_their_feet() -> None:
    made = walk(robots=3)
    made.velocity[:, 1, 0] = 0.5
    made.velocity[:, 2] = 9.0
    made.steps[2], made.end[2] = at(2.0), 1
    curve = curve_of(made, range(3))
    assert curve is not None
    np.testing.assert_allclose(curve.error, 0.15)
    assert len(curve.times) == round((12.0 - 1.0) / BIN)


def test_a_robot_has_settled_when_its_last_seconds_are_as_before() -> None:
    made = walk()
    made.velocity[at(DROP) : at(DROP + 2.5), 0, 0] = 1.0
    assert bins_of(made, DROP, 0).settled
    made.velocity[at(DROP + 3.0) :, 0, 0] = 0.44
    assert bins_of(made, DROP, 0).settled
    made.velocity[at(DROP + 3.0) :, 0, 0] = 0.5
    assert not bins_of(made, DROP, 0).settled
    fallen = walk()
    fallen.steps[0] = at(11.0)
    assert not bins_of(fallen, DROP, 0).settled
