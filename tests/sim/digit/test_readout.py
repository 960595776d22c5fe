"""Reading motors and passive joints out of both models."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvp_real.robots.digit import load_digit
from mvp_real.sim.digit import JointReadout
from mvp_real.sim.digit.toe_map import crank_angles, foot_angles, foot_moments

TABLE = load_digit()
ANGLES = st.floats(-0.7, 0.7)


def test_readout_matches_the_joints_by_name(full: mujoco.MjModel) -> None:
    data = mujoco.MjData(full)
    random = np.random.default_rng(0)
    data.qpos[:] = random.normal(size=full.nq)
    data.qvel[:] = random.normal(size=full.nv)
    readout = JointReadout(full)
    for names, position, velocity in (
        (TABLE.motors, readout.motor_position(data.qpos), readout.motor_velocity(data.qvel)),
        (TABLE.joints, readout.joint_position(data.qpos), readout.joint_velocity(data.qvel)),
    ):
        for k, name in enumerate(names):
            assert position[k] == data.joint(name).qpos[0]
            assert velocity[k] == data.joint(name).qvel[0]


def test_written_motor_angles_are_read_again(either: mujoco.MjModel) -> None:
    readout = JointReadout(either)
    motors = np.random.default_rng(1).uniform(-0.5, 0.5, (3, 20))
    states = np.tile(either.qpos0, (3, 1))
    readout.set_motor_position(states, motors)
    np.testing.assert_allclose(readout.motor_position(states), motors, atol=1e-12)


def test_readout_is_batched_and_leaves_the_state_alone(either: mujoco.MjModel) -> None:
    readout = JointReadout(either)
    states = np.random.default_rng(2).normal(size=(4, 5, either.nq))
    velocities = np.random.default_rng(3).normal(size=(4, 5, either.nv))
    before = states.copy()
    assert readout.motor_position(states).shape == (4, 5, 20)
    assert readout.joint_velocity(velocities).shape == (4, 5, 10)
    np.testing.assert_array_equal(readout.joint_position(states)[2, 3], readout.joint_position(states[2, 3]))
    np.testing.assert_array_equal(states, before)


def test_springs_of_the_reduced_model_rest_where_its_tarsus_turns_against_the_knee(
    reduced: mujoco.MjModel,
) -> None:
    readout = JointReadout(reduced)
    qpos = reduced.qpos0.copy()
    readout.set_motor_position(qpos, TABLE.default_pose)
    joints = dict(zip(TABLE.joints, readout.joint_position(qpos), strict=True))
    assert joints["left_shin"] == pytest.approx(0.0)
    assert joints["right_heel_spring"] == pytest.approx(0.0)
    assert joints["left_tarsus"] == pytest.approx(-TABLE.default_pose[TABLE.motor("left_knee")])
    assert joints["right_tarsus"] == pytest.approx(-TABLE.default_pose[TABLE.motor("right_knee")])


def test_targets_reach_the_slots_of_the_actuators(full: mujoco.MjModel, reduced: mujoco.MjModel) -> None:
    targets = np.random.default_rng(4).uniform(-0.5, 0.5, (6, 20))
    np.testing.assert_array_equal(JointReadout(full).control(targets), targets)
    control = JointReadout(reduced).control(targets)
    pitch, roll = foot_angles(targets[:, 10], targets[:, 11])
    np.testing.assert_array_equal(control[:, 10], pitch)
    np.testing.assert_array_equal(control[:, 11], roll)
    others = [k for k in range(20) if k not in (4, 5, 10, 11)]
    np.testing.assert_array_equal(control[:, others], targets[:, others])


@given(ANGLES, ANGLES)
def test_toe_map_and_its_inverse(pitch: float, roll: float) -> None:
    a, b = crank_angles(pitch, roll)
    assert a == pytest.approx(roll / 3.3 - pitch / 1.07)
    assert b == pytest.approx(roll / 3.3 + pitch / 1.07)
    assert np.array(foot_angles(a, b)) == pytest.approx([pitch, roll], abs=1e-12)


@given(ANGLES, ANGLES, st.floats(-42.0, 42.0), st.floats(-42.0, 42.0))
def test_toe_motors_and_foot_do_the_same_work(pitch: float, roll: float, on_a: float, on_b: float) -> None:
    a, b = crank_angles(pitch, roll)
    about_pitch, about_roll = foot_moments(on_a, on_b)
    assert on_a * a + on_b * b == pytest.approx(about_pitch * pitch + about_roll * roll, abs=1e-9)
