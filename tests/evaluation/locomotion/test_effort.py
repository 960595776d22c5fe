from __future__ import annotations

import pytest

from mvp_real.evaluation.locomotion.effort import effort
from mvp_real.robots.digit import load_digit

from .synthetic import trajectory


def test_shares_of_the_limits_name_their_motor() -> None:
    table = load_digit()
    walk = trajectory()
    walk.torque[10, 0, table.motor("left_knee")] = 0.8 * 231.3
    walk.torque[11, 0, table.motor("right_hip_roll")] = -0.9 * 126.7
    walk.motor_speed[12, 0, table.motor("left_elbow")] = 1.1 * 4.58
    found = effort(walk, 0)
    assert found is not None
    assert found.torque == pytest.approx(0.9)
    assert found.torque_motor == "right_hip_roll"
    assert found.speed == pytest.approx(1.1)
    assert found.speed_motor == "left_elbow"
    assert found.peak_force == 400.0


def test_saturation_is_a_share_of_the_time() -> None:
    walk = trajectory()
    walk.torque[: len(walk.torque) // 4, 0, 0] = 126.7
    found = effort(walk, 0)
    assert found is not None
    assert found.saturated == pytest.approx(0.25)


def test_the_flailing_of_a_fall_is_left_out() -> None:
    walk = trajectory()
    walk.steps[0], walk.end[0] = 200, 1
    walk.torque[176:200] = 1000.0
    found = effort(walk, 0)
    assert found is not None
    assert found.torque == 0.0
    walk.steps[0] = 20
    assert effort(walk, 0) is None
