"""Every term of the reward against the sheet's numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvp_real.errors import MvpRealError
from mvp_real.robots.digit import load_digit
from mvp_real.tasks.digit import rewards
from mvp_real.tasks.digit.rewards import RewardScales, RewardWeights


def row(*values: float) -> np.ndarray:
    return np.array([values], dtype=np.float64)


def test_linear_velocity() -> None:
    zero = row(0.0, 0.0, 0.0)
    assert rewards.linear_velocity(row(0.2, 0.0, 9.0), zero, 0.2) == pytest.approx(0.818731, abs=1e-6)
    assert rewards.linear_velocity(row(0.3, 0.1, 0.0), zero, 0.2) == pytest.approx(0.606531, abs=1e-6)


def test_angular_velocity() -> None:
    value = rewards.angular_velocity(row(9.0, 9.0, 0.7), row(9.0, 9.0, 0.2), 0.2)
    assert value == pytest.approx(0.286505, abs=1e-6)


def test_base_motion() -> None:
    assert rewards.base_motion(row(9.0, 9.0, 0.1), row(0.2, 0.3, 9.0)) == pytest.approx(0.075)


def test_base_orientation() -> None:
    roll = 0.1
    gravity = row(0.0, -math.sin(roll), -math.cos(roll))
    assert rewards.base_orientation(gravity) == pytest.approx(0.009967, abs=1e-6)


def test_base_height() -> None:
    np.testing.assert_allclose(rewards.base_height(np.array([0.9, 1.1]), 1.0), [0.01, 0.0], atol=1e-12)


def test_in_the_air() -> None:
    forces = np.array([[0.0, 0.0], [0.5, 0.9], [0.0, 300.0], [2.0, 2.0]])
    np.testing.assert_array_equal(rewards.in_the_air(forces, 1.0), [1.0, 1.0, 0.0, 0.0])


def test_contact_force() -> None:
    forces = np.array([[700.0, 600.0], [700.0, 650.0], [0.0, 100.0]])
    np.testing.assert_allclose(rewards.contact_force(forces, 600.0), [100.0, 150.0, 0.0])


def test_foot_swing() -> None:
    target = np.zeros((1, 2, 3))
    place = target.copy()
    place[0, 1] = (0.03, 0.04, 0.02)
    assert rewards.foot_swing(place, target) == pytest.approx(0.0045)


def test_torque_and_acceleration_are_sums_of_squares() -> None:
    assert rewards.torque(row(3.0, -4.0)) == pytest.approx(25.0)
    assert rewards.acceleration(row(3.0, -4.0)) == pytest.approx(25.0)


def test_action_rate() -> None:
    assert rewards.action_rate(np.full((1, 36), 0.1), np.zeros((1, 36))) == pytest.approx(0.36)


def test_target_smoothness() -> None:
    assert rewards.target_smoothness(row(0.3), row(0.1), row(0.0)) == pytest.approx(0.04 + 0.01)


def test_joint_position() -> None:
    table = load_digit()
    position = np.array(table.default_pose)[None]
    assert rewards.joint_position(position) == pytest.approx(0.0)
    position[0, table.motor("left_shoulder_roll")] += 0.1
    assert rewards.joint_position(position) == pytest.approx(0.02)


def test_weights_of_the_joints() -> None:
    table, weights = load_digit(), rewards.joint_weights()
    alpha = {"right_shoulder_yaw": 2.0, "left_elbow": 1.0, "left_hip_roll": 0.5, "right_hip_yaw": 0.5,
             "left_hip_pitch": 0.1, "right_shoulder_pitch": 0.1, "left_knee": 0.0, "right_toe_B": 0.0}  # fmt: skip
    assert {name: weights[table.motor(name)] for name in alpha} == alpha


def test_fourteen_terms_in_the_order_of_their_weights() -> None:
    assert len(rewards.TERMS) == 14
    weights = RewardWeights(torque=-5.0).vector()
    assert weights[rewards.TERMS.index("torque")] == -5.0
    assert weights[rewards.TERMS.index("termination")] == -100.0


@given(st.floats(-2.0, 2.0), st.floats(-2.0, 2.0), st.floats(0.02, 1.0))
def test_tracking_is_between_zero_and_one_and_best_without_error(x: float, y: float, width: float) -> None:
    value = rewards.linear_velocity(row(x, y, 0.0), row(0.0, 0.0, 0.0), width)
    assert 0.0 <= value <= 1.0
    assert rewards.linear_velocity(row(x, y, 0.0), row(x, y, 1.0), width) == 1.0


def test_a_kernel_needs_a_width() -> None:
    with pytest.raises(MvpRealError, match="width"):
        RewardScales(linear_width=0.0)
    with pytest.raises(MvpRealError, match="share of the mean velocity"):
        RewardScales(averaged=1.5)
