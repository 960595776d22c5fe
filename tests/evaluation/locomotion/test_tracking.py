from __future__ import annotations

import math

import numpy as np
import pytest

from mvp_real.evaluation.locomotion.tracking import cycle_means, tracking

from .synthetic import GAIT, PERIOD, trajectory


def test_a_steady_error_is_reported_as_it_is() -> None:
    walk = trajectory()
    walk.velocity[..., 0], walk.velocity[..., 1] = 0.36, -0.08
    walk.turn[:] = -0.1
    found = tracking(walk, 0)
    assert found is not None
    assert (found.forward, found.sideways, found.turn) == pytest.approx((0.36, -0.08, -0.1))
    assert found.speed_error == pytest.approx(0.1)
    assert found.turn_error == pytest.approx(0.1)
    assert found.speed_spread == pytest.approx(0.1)


def test_swaying_within_a_gait_cycle_is_no_error() -> None:
    walk = trajectory(seconds=1.0 + 10 * GAIT)
    time = PERIOD * np.arange(len(walk.velocity))
    walk.velocity[:, 0, 1] = 0.2 * np.sin(2 * math.pi * time / GAIT)
    found = tracking(walk, 0)
    assert found is not None
    assert found.speed_error < 1e-9
    assert found.speed_spread < 1e-9


def test_the_start_is_left_out() -> None:
    walk = trajectory(settling=2.0)
    walk.velocity[: round(2.0 / PERIOD)] = 5.0
    found = tracking(walk, 0)
    assert found is not None
    assert found.speed_error == pytest.approx(0.0)


def test_too_short_a_walk_has_no_mean() -> None:
    walk = trajectory(settling=1.0)
    walk.steps[0] = round(2.9 / PERIOD)
    assert tracking(walk, 0) is None
    walk.steps[0] = round(3.0 / PERIOD)
    assert tracking(walk, 0) is not None


def test_what_comes_after_a_fall_does_not_count() -> None:
    walk = trajectory()
    walk.steps[0] = 300
    walk.velocity[300:] = 9.0
    found = tracking(walk, 0)
    assert found is not None
    assert found.forward == pytest.approx(0.3)


def test_cycle_means_of_a_ramp() -> None:
    np.testing.assert_allclose(cycle_means(np.arange(5.0)[:, None], 2)[:, 0], [0.5, 1.5, 2.5, 3.5])
