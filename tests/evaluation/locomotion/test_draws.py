from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from mvp_real.control.locomotion.spaces import OBSERVATION
from mvp_real.evaluation.locomotion.condition import Kicks
from mvp_real.evaluation.locomotion.draws import draw_robots
from mvp_real.evaluation.locomotion.protocol_file import load_protocol

from .synthetic import PERIOD, condition

ROBOTS = load_protocol().robots


def test_a_robot_is_the_same_in_whatever_company() -> None:
    row = condition(robots=6, seed=900000, kicks=Kicks(0.5, 3.0))
    many = draw_robots(row, ROBOTS, PERIOD)
    one = draw_robots(dataclasses.replace(row, seed=900004, trials=1), ROBOTS, PERIOD)
    for part, other in ((many.dynamics, one.dynamics), (many.hidden, one.hidden)):
        for name, values in vars(part).items():
            np.testing.assert_array_equal(values[4], getattr(other, name)[0], err_msg=name)
    for name in ("noise", "late_observation", "late_action", "kicks"):
        np.testing.assert_array_equal(getattr(many, name)[:, 4], getattr(one, name)[:, 0], err_msg=name)


def test_a_longer_row_has_the_same_robots() -> None:
    row = condition(robots=3)
    longer = draw_robots(dataclasses.replace(row, seconds=20.0), ROBOTS, PERIOD)
    shorter = draw_robots(row, ROBOTS, PERIOD)
    np.testing.assert_array_equal(longer.dynamics.mass, shorter.dynamics.mass)
    np.testing.assert_array_equal(longer.noise[:500], shorter.noise)


def test_draws_stay_in_their_ranges_and_differ() -> None:
    drawn = draw_robots(condition(robots=60, seconds=1.0), ROBOTS, PERIOD)
    for name, (low, high) in ROBOTS.ranges.items():
        part = drawn.hidden if hasattr(drawn.hidden, name) else drawn.dynamics
        values = getattr(part, name)
        assert low <= values.min() < values.max() <= high, name
        assert values.min() < low + 0.1 * (high - low), name
        assert values.max() > high - 0.1 * (high - low), name
    assert not drawn.dynamics.gravity.any()


def test_slippery_ground_is_a_factor() -> None:
    normal = draw_robots(condition(seconds=1.0), ROBOTS, PERIOD)
    slippery = draw_robots(condition(seconds=1.0, friction=0.4), ROBOTS, PERIOD)
    np.testing.assert_allclose(slippery.dynamics.friction, 0.4 * normal.dynamics.friction)


def test_noise_and_delays_have_their_sizes() -> None:
    drawn = draw_robots(condition(robots=20), ROBOTS, PERIOD)
    for group, deviation in ROBOTS.noise.items():
        assert drawn.noise[..., OBSERVATION[group]].std() == pytest.approx(deviation, rel=0.03), group
    for late, share in (
        (drawn.late_observation, drawn.dynamics.observation_delay),
        (drawn.late_action, drawn.dynamics.action_delay),
    ):
        np.testing.assert_allclose(late.mean(axis=0), share, atol=0.07)


def test_kicks_come_on_time_and_in_all_directions() -> None:
    drawn = draw_robots(condition(robots=40, seconds=20.0, kicks=Kicks(0.5, 3.0)), ROBOTS, PERIOD)
    times = np.flatnonzero(drawn.kicks.any(axis=(1, 2))) * PERIOD
    np.testing.assert_allclose(times, [3.0, 6.0, 9.0, 12.0, 15.0, 18.0])
    kicks = drawn.kicks[drawn.kicks.any(axis=-1)]
    np.testing.assert_allclose(np.linalg.norm(kicks, axis=-1), 0.5)
    assert np.abs(kicks.mean(axis=0)).max() < 0.1
