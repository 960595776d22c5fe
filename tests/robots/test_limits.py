"""Limits of a robot tightened by a bundle."""

from __future__ import annotations

import numpy as np
import pytest

from mvp_real.errors import MvpRealError
from mvp_real.robots.limits import MINIMUM_JERK_PEAK, Limits
from mvp_real.robots.table import load_robot

TABLE = load_robot("xarm7")


def test_targets_keep_the_margin_and_steps_the_smaller_limit() -> None:
    limits = Limits.from_table(TABLE, max_step=[0.02, 0.5, 0.15, 0.15, 0.15, 0.15, 0.15])
    assert np.allclose(limits.lower, TABLE.lower[:7] + 0.05)
    assert np.allclose(limits.upper, TABLE.upper[:7] - 0.05)
    assert limits.max_step[0] == 0.02
    assert np.allclose(limits.max_step[1:], 0.15)
    assert limits.command_age == pytest.approx(0.4)


def test_a_full_step_stays_below_the_speed_limit_of_the_arm() -> None:
    time = TABLE.reach_fraction * TABLE.control_period
    assert np.all(MINIMUM_JERK_PEAK * Limits.from_table(TABLE).max_step / time <= TABLE.velocity_limit)


def test_a_shorter_period_allows_smaller_steps_only() -> None:
    limits = Limits.from_table(TABLE, period=0.05)
    assert np.allclose(limits.max_step, 3.14 * 0.7 * 0.05 / MINIMUM_JERK_PEAK)


@pytest.mark.parametrize("step", [[0.1] * 6, [0.1] * 6 + [0.0], [0.1] * 6 + [float("nan")]])
def test_a_wrong_step_limit_is_refused(step: list[float]) -> None:
    with pytest.raises(MvpRealError, match="needs 7 positive numbers, one for each of joint1"):
        Limits.from_table(TABLE, max_step=step)


def test_a_period_that_is_not_positive_is_refused() -> None:
    with pytest.raises(MvpRealError, match="control period is 0"):
        Limits.from_table(TABLE, period=0.0)
