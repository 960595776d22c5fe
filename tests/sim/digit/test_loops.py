"""The closed loops of the full model: residuals, four-bar, toes, and the solver that closes them."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from mvp_real.errors import MvpRealError
from mvp_real.robots.digit import load_digit
from mvp_real.sim.digit import JointReadout, close_loops
from mvp_real.sim.digit.loops import loop_gaps
from mvp_real.sim.digit.toe_map import foot_angles
from tests.sim.digit.hoist import hang

TABLE = load_digit()
KNEE, TARSUS = TABLE.motors.index("left_knee"), TABLE.joints.index("left_tarsus")


def _legs(**angles: float) -> np.ndarray:
    """(20,) motor angles with the given ones of the left leg, mirrored to the right."""
    motors = np.zeros(20)
    for part, angle in angles.items():
        motors[TABLE.motors.index(f"left_{part}")] = angle
        motors[TABLE.motors.index(f"right_{part}")] = -angle
    return motors


def _closed(full: mujoco.MjModel, motors: np.ndarray) -> np.ndarray:
    qpos = full.qpos0.copy()
    JointReadout(full).set_motor_position(qpos, motors)
    return close_loops(full, qpos)


def test_zero_pose_satisfies_every_loop(full: mujoco.MjModel) -> None:
    data = mujoco.MjData(full)
    mujoco.mj_kinematics(full, data)
    assert loop_gaps(full, data).max() < 1e-14


def test_loops_stay_closed_while_the_robot_hangs(full: mujoco.MjModel) -> None:
    data = hang(full, np.zeros(20), 2.0)
    assert loop_gaps(full, data).max() < 1e-9
    assert not any(warning.number for warning in data.warning)


@pytest.mark.parametrize("degrees", [-60.0, -30.0, 0.0, 30.0, 50.0])
def test_unloaded_four_bar_turns_the_tarsus_against_the_knee(full: mujoco.MjModel, degrees: float) -> None:
    closed = _closed(full, _legs(knee=np.radians(degrees)))
    tarsus = JointReadout(full).joint_position(closed)[TARSUS]
    assert np.degrees(tarsus) == pytest.approx(-degrees, abs=0.025)


def test_closed_loops_have_no_gap_and_keep_the_motors(full: mujoco.MjModel) -> None:
    readout = JointReadout(full)
    closed = _closed(full, TABLE.default_pose)
    data = mujoco.MjData(full)
    data.qpos[:] = closed
    mujoco.mj_kinematics(full, data)
    assert loop_gaps(full, data).max() < 1e-9
    np.testing.assert_array_equal(readout.motor_position(closed), TABLE.default_pose)
    np.testing.assert_allclose(readout.joint_position(closed), TABLE.joint_default, atol=0.003)


def test_rods_that_cannot_close_are_named(full: mujoco.MjModel) -> None:
    data = mujoco.MjData(full)
    qpos = full.qpos0.copy()
    JointReadout(full).set_motor_position(qpos, _legs(toe_A=0.785, toe_B=0.785))
    with pytest.raises(MvpRealError, match=r"toe_[AB]_loop.*mm apart"):
        close_loops(full, qpos)
    assert data.time == 0.0


def test_toe_map_against_the_closed_loops(full: mujoco.MjModel) -> None:
    """Mean error over +-0.15 rad of both cranks, without load and friction."""
    readout = JointReadout(full)
    grid = np.linspace(-0.15, 0.15, 4)
    errors = []
    for a in grid:
        for b in grid:
            pitch, roll = readout.joint_position(_closed(full, _legs(toe_A=a, toe_B=b)))[2:4]
            errors.append(np.array([pitch, roll]) - foot_angles(a, b))
    assert np.abs(errors).mean(axis=0) == pytest.approx([0.0, 0.0], abs=0.01)
    assert np.abs(errors).max() < 0.04


@pytest.mark.parametrize(("a", "b", "pitch"), [(15.0, -15.0, -16.1), (-15.0, 15.0, 15.3)])
def test_opposite_cranks_pitch_the_hanging_foot(
    full: mujoco.MjModel, a: float, b: float, pitch: float
) -> None:
    """Figures of the public model; dry friction of the motors takes a degree."""
    data = hang(full, _legs(toe_A=np.radians(a), toe_B=np.radians(b)), 0.6, gravity=False)
    measured = JointReadout(full).joint_position(data.qpos)[2:4]
    assert np.degrees(measured) == pytest.approx([pitch, 0.0], abs=2.5)


def test_hanging_full_model_follows_the_toe_map(full: mujoco.MjModel) -> None:
    """What the foot does for crank targets, motor friction included, against the map of the angles reached."""
    readout = JointReadout(full)
    errors = []
    for a, b in ((0.2, 0.1), (-0.2, -0.1), (0.25, -0.25), (-0.25, 0.25), (0.1, 0.25), (-0.3, 0.0)):
        data = hang(full, _legs(toe_A=a, toe_B=b), 0.5, gravity=False)
        reached = readout.motor_position(data.qpos)[4:6]
        errors.append(readout.joint_position(data.qpos)[2:4] - foot_angles(*reached))
    assert np.abs(errors).mean(axis=0) == pytest.approx([0.0, 0.0], abs=0.03)
