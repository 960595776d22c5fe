"""Layout, limits and mirror image of the walking policy's observation and action."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mvp_real.control.locomotion import spaces
from mvp_real.robots.digit import load_digit

actions = arrays(np.float64, (3, spaces.ACTION_SIZE), elements=st.floats(-50.0, 50.0))


def test_sizes_are_those_of_table_6_3() -> None:
    assert (spaces.OBSERVATION_SIZE, spaces.ACTION_SIZE, spaces.TOKEN_SIZE) == (66, 36, 102)
    assert spaces.OBSERVATION["projected_gravity"] == slice(58, 61)
    assert spaces.OBSERVATION["command"] == slice(63, 66)


def test_the_observation_is_zero_in_the_default_pose_at_rest() -> None:
    zero = np.zeros(3)
    observed = spaces.assemble_observation(
        zero, zero, spaces.default_joints(), np.zeros(26), np.array([0.0, 0.0, -1.0]), np.zeros(2), zero
    )
    assert observed.shape == (66,)
    assert np.flatnonzero(observed).tolist() == [60]


def test_an_action_of_zero_is_the_default_pose_with_nominal_gains() -> None:
    table = load_digit()
    targets = spaces.decode_action(np.zeros((2, 36)))
    np.testing.assert_array_equal(targets.position, np.stack([table.default_pose] * 2))
    np.testing.assert_array_equal(targets.kp[1], table.kp)
    np.testing.assert_array_equal(targets.kd[1], table.kd)


def test_the_last_sixteen_entries_scale_the_gains_of_the_legs() -> None:
    table, action = load_digit(), np.zeros(36)
    action[spaces.KP.start + 3] = 1.0  # left knee
    action[spaces.KD.start + 4] = -0.5  # right hip roll
    targets = spaces.decode_action(action)
    assert targets.kp[table.motor("left_knee")] == 1.5 * 140.0
    assert targets.kd[table.motor("right_hip_roll")] == 0.75 * 8.0


@given(actions)
def test_no_limited_action_leaves_the_ranges(action: np.ndarray) -> None:
    table = load_digit()
    targets = spaces.decode_action(spaces.limit_action(action))
    assert np.all(targets.position >= table.target_lower - 1e-12)
    assert np.all(targets.position <= table.target_upper + 1e-12)
    np.testing.assert_array_equal(
        targets.position[:, table.toe_indices], np.stack([table.default_pose[table.toe_indices]] * 3)
    )
    for gains, nominal in ((targets.kp, table.kp), (targets.kd, table.kd)):
        assert np.all(gains >= 0.5 * nominal - 1e-9)
        assert np.all(gains <= 1.5 * nominal + 1e-9)


@given(actions)
def test_limiting_twice_changes_nothing(action: np.ndarray) -> None:
    once = spaces.limit_action(action)
    np.testing.assert_array_equal(once, spaces.limit_action(once))


@given(actions)
def test_mirroring_twice_gives_the_same_and_commutes_with_limits(action: np.ndarray) -> None:
    np.testing.assert_array_equal(spaces.mirror_action(spaces.mirror_action(action)), action)
    limited = spaces.limit_action(action)
    np.testing.assert_allclose(
        spaces.limit_action(spaces.mirror_action(action)), spaces.mirror_action(limited)
    )


def test_a_mirrored_action_gives_the_mirrored_pose() -> None:
    table, action = load_digit(), np.random.default_rng(0).normal(size=36)
    one, other = spaces.decode_action(action), spaces.decode_action(spaces.mirror_action(action))
    left, right = table.motor("left_hip_yaw"), table.motor("right_hip_yaw")
    assert np.isclose(other.position[right], -one.position[left])
    assert np.isclose(other.kp[right], one.kp[left])


def test_a_mirrored_observation_swaps_sides_and_shifts_the_clock() -> None:
    observed = np.random.default_rng(1).normal(size=(4, 66))
    mirrored = spaces.mirror_observation(observed)
    np.testing.assert_array_equal(spaces.mirror_observation(mirrored), observed)
    np.testing.assert_array_equal(mirrored[:, spaces.OBSERVATION["clock"]], -observed[:, 61:63])
    np.testing.assert_array_equal(
        mirrored[:, spaces.OBSERVATION["command"]], observed[:, 63:66] * [1.0, -1.0, -1.0]
    )


def test_encoding_targets_inverts_decoding() -> None:
    table = load_digit()
    position = table.default_pose + 0.1
    np.testing.assert_allclose(spaces.decode_action(spaces.encode_targets(position)).position, position)


def test_the_arms_are_the_last_eight_targets() -> None:
    names = load_digit().motors[spaces.ARMS]
    assert len(names) == 8
    assert all("shoulder" in name or "elbow" in name for name in names)
