"""Set-points between targets: continuous, on time, inside the limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray
from mvp_real.robots.interpolation import TargetInterpolator
from mvp_real.robots.table import load_robot

TABLE = load_robot("xarm7")
PERIOD = 0.2
STEP = st.lists(st.floats(-0.15, 0.15), min_size=7, max_size=7).map(lambda v: np.array([*v, 0.0]))


def started() -> TargetInterpolator:
    interpolator = TargetInterpolator(TABLE)
    interpolator.reset(TABLE.home, 0.0)
    return interpolator


def stepped(size: float) -> FloatArray:
    return TABLE.home + np.array([size, -size, size, size, -size, size, -size, 0.0])


@pytest.mark.parametrize("size", [0.004, 0.03, 0.065])
def test_the_target_is_reached_after_seventy_percent_of_the_period(size: float) -> None:
    interpolator = started()
    interpolator.set_target(stepped(size), PERIOD, 0.0)
    assert np.max(np.abs(interpolator.sample(0.65 * PERIOD) - stepped(size))) > 1e-5
    assert np.allclose(interpolator.sample(0.7 * PERIOD), stepped(size), atol=1e-12)
    assert np.allclose(interpolator.sample(10.0), stepped(size))


@settings(max_examples=25)
@given(STEP)
def test_from_rest_it_neither_overshoots_nor_breaks_speed_and_acceleration(step: FloatArray) -> None:
    interpolator = started()
    interpolator.set_target(TABLE.home + step, PERIOD, 0.0)
    low, high = np.minimum(TABLE.home, TABLE.home + step), np.maximum(TABLE.home, TABLE.home + step)
    for time in np.arange(0.0, 0.3, 0.004):
        point = interpolator.sample(time)
        assert np.all(point >= low - 1e-12)
        assert np.all(point <= high + 1e-12)
        assert np.all(np.abs(interpolator.velocity(time)) <= TABLE.velocity_limit)
        assert np.all(np.abs(interpolator.acceleration(time)) <= 1.02 * TABLE.acceleration_limit)
    assert np.allclose(interpolator.sample(0.3), TABLE.home + step)


@settings(max_examples=20)
@given(st.lists(st.tuples(STEP, st.floats(0.03, 0.3)), min_size=2, max_size=6))
def test_position_velocity_and_acceleration_are_continuous_at_every_new_target(
    targets: list[tuple[FloatArray, float]],
) -> None:
    interpolator = started()
    now, goal = 0.0, TABLE.home
    for step, pause in targets:
        goal = np.clip(goal + step, TABLE.home - 0.3, TABLE.home + 0.3)
        before = interpolator.sample(now)[:7], interpolator.velocity(now), interpolator.acceleration(now)
        interpolator.set_target(goal, PERIOD, now)
        after = interpolator.sample(now)[:7], interpolator.velocity(now), interpolator.acceleration(now)
        for old, new in zip(before, after, strict=True):
            assert np.allclose(old, new, atol=1e-9)
        # And in between there is no jump either: a millisecond moves no further than the speed allows.
        samples = np.array([interpolator.sample(now + t)[:7] for t in np.arange(0.0, pause, 0.001)])
        assert np.all(np.abs(np.diff(samples, axis=0)) <= 1e-3 * 2.0 * TABLE.velocity_limit)
        now += pause


def slowest_between_ticks(reach_fraction: float) -> float:
    """Least speed of joint 1 in a steady stream of equal steps, in units of its mean speed."""
    interpolator = TargetInterpolator(TABLE, reach_fraction=reach_fraction)
    interpolator.reset(TABLE.home, 0.0)
    goal, speeds = TABLE.home.copy(), []
    for k in range(12):
        goal[0] += 0.05
        interpolator.set_target(goal, PERIOD, k * PERIOD)
        if k >= 6:
            speeds += [interpolator.velocity(k * PERIOD + t)[0] for t in np.arange(0.0, PERIOD, 0.004)]
    return float(min(speeds) / (0.05 / PERIOD))


def test_a_reach_above_one_period_moves_steadily_and_a_reach_below_rests_at_each_target() -> None:
    assert slowest_between_ticks(1.4) > 0.5
    assert slowest_between_ticks(0.7) == 0.0


def test_the_gripper_target_passes_through_at_once() -> None:
    interpolator = started()
    target = stepped(0.05)
    target[-1] = 0.0
    interpolator.set_target(target, PERIOD, 0.0)
    assert interpolator.sample(0.001)[-1] == 0.0


@given(STEP, st.floats(0.01, 0.13))
def test_braking_comes_to_rest_on_the_way_and_not_beyond_the_target(step: FloatArray, when: float) -> None:
    interpolator = started()
    goal = TABLE.home + step
    interpolator.set_target(goal, PERIOD, 0.0)
    before = interpolator.sample(when), interpolator.velocity(when)
    interpolator.brake(when)
    assert np.allclose(interpolator.sample(when), before[0], atol=1e-9)
    assert np.allclose(interpolator.velocity(when), before[1], atol=1e-9)
    rest = interpolator.sample(when + 1.0)
    assert np.all(np.abs(rest - before[0])[:7] <= np.abs(goal - before[0])[:7] + 1e-12)
    assert np.allclose(interpolator.velocity(when + 1.0), 0.0)


def test_a_clock_that_goes_back_does_not_run_the_motion_backwards() -> None:
    interpolator = TargetInterpolator(TABLE)
    interpolator.reset(TABLE.home, 10.0)
    interpolator.set_target(stepped(0.05), PERIOD, 10.0)
    assert np.allclose(interpolator.sample(9.0), TABLE.home)


def test_use_without_a_start_and_nonsense_times_are_refused() -> None:
    with pytest.raises(MvpRealError, match="call reset"):
        TargetInterpolator(TABLE).sample(0.0)
    with pytest.raises(MvpRealError, match="reach_fraction is 0"):
        TargetInterpolator(TABLE, reach_fraction=0.0)
    with pytest.raises(MvpRealError, match="duration"):
        started().set_target(TABLE.home, 0.0, 0.0)
