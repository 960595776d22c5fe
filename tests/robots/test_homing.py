"""The way home passes the limiter that every other command passes."""

from __future__ import annotations

import numpy as np
import pytest

from mvp_real.errors import MvpRealError
from mvp_real.messages import JointReading, JointTarget
from mvp_real.robots.homing import homing_targets
from mvp_real.robots.safety import DriverState, Limiter, Limits
from mvp_real.robots.table import load_robot

TABLE = load_robot("xarm7")
LIMITS = Limits.from_table(TABLE)


def test_homing_ends_at_home_at_limited_speed_without_a_clamp() -> None:
    measured = TABLE.home + np.array([0.6, 0.1, -0.3, 0.2, 0.4, -0.2, 1.5, -1.0])
    limiter = Limiter(LIMITS)
    now = 0.0
    limiter.enable(JointReading(TABLE.joint_names, measured, None, now), now)
    previous = measured
    for target in homing_targets(measured, LIMITS):
        assert np.max(np.abs(target - previous)[:7]) <= 0.5 * 0.15 + 1e-9
        now += LIMITS.period
        reading = JointReading(TABLE.joint_names, previous, None, now)
        verdict = limiter.command(JointTarget(TABLE.joint_names, target, now, LIMITS.period), reading, now)
        assert (verdict.state, verdict.clamped) == (DriverState.RUNNING, False)
        previous = target
    assert np.allclose(previous, TABLE.home)


def test_at_home_there_is_one_target() -> None:
    assert len(list(homing_targets(TABLE.home, LIMITS))) == 1


def test_a_share_out_of_range_is_refused() -> None:
    with pytest.raises(MvpRealError, match="homing share is 0"):
        list(homing_targets(TABLE.home, LIMITS, share=0.0))
