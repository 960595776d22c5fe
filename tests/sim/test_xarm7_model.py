"""The MJCF of the arm against the robot table, the kinematics module and the vendor's numbers."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mvp_real.robots.kinematics import forward_kinematics
from mvp_real.robots.table import load_robot
from mvp_real.sim.gripper import STROKE
from mvp_real.sim.scene import attach_gripper, tabletop_spec, xarm7_spec


@pytest.fixture(scope="module")
def arm() -> tuple[mujoco.MjModel, mujoco.MjData]:
    model = attach_gripper(xarm7_spec()).compile()
    return model, mujoco.MjData(model)


def test_flange_and_tool_at_zero(arm: tuple[mujoco.MjModel, mujoco.MjData]) -> None:
    model, data = arm
    mujoco.mj_resetData(model, data)
    mujoco.mj_kinematics(model, data)
    np.testing.assert_allclose(data.site("flange").xpos, [0.206, 0.0, 0.1205], atol=1e-6)
    # The flange points down, so the tool lies 0.172 m below it.
    np.testing.assert_allclose(data.site("gripper/tcp").xpos, [0.206, 0.0, 0.1205 - 0.172], atol=1e-6)


ANGLES = st.lists(st.floats(-3.0, 3.0), min_size=7, max_size=7)


@settings(max_examples=50, deadline=None)
@given(ANGLES)
def test_forward_kinematics_agrees_with_the_model(angles: list[float]) -> None:
    model = _MODEL
    data = mujoco.MjData(model)
    data.qpos[:7] = angles
    mujoco.mj_kinematics(model, data)
    pose = forward_kinematics(angles, load_robot("xarm7").tool_offset)
    np.testing.assert_allclose(pose[:3, 3], data.site("gripper/tcp").xpos, atol=1e-6)
    np.testing.assert_allclose(pose[:3, :3], data.site("gripper/tcp").xmat.reshape(3, 3), atol=1e-5)


_MODEL = attach_gripper(xarm7_spec()).compile()


def test_limits_agree_with_the_robot_table(arm: tuple[mujoco.MjModel, mujoco.MjData]) -> None:
    model, _ = arm
    table = load_robot("xarm7")
    np.testing.assert_allclose(model.jnt_range[:7, 0], table.lower[:7], atol=1e-4)
    np.testing.assert_allclose(model.jnt_range[:7, 1], table.upper[:7], atol=1e-4)
    np.testing.assert_allclose(model.actuator_ctrlrange[:7], model.jnt_range[:7], atol=1e-9)
    assert table.gripper_stroke == pytest.approx(STROKE)
    assert model.jnt_range[7:9, 1].sum() == pytest.approx(STROKE)


def test_masses_are_the_vendors() -> None:
    model = xarm7_spec().compile()
    assert model.body_mass.sum() == pytest.approx(11.317, abs=0.01)


def test_arm_holds_still_against_gravity(arm: tuple[mujoco.MjModel, mujoco.MjData]) -> None:
    model, data = arm
    mujoco.mj_resetData(model, data)
    home = load_robot("xarm7").home[:7]
    data.qpos[:7], data.ctrl[:7] = home, home
    mujoco.mj_step(model, data, 500)
    assert np.abs(data.qpos[:7] - home).max() < 1e-3


def test_fingers_are_coupled_and_reach_both_ends(arm: tuple[mujoco.MjModel, mujoco.MjData]) -> None:
    model, data = arm
    mujoco.mj_resetData(model, data)
    for target in (STROKE, 0.0):
        data.ctrl[7] = target
        mujoco.mj_step(model, data, 1000)
        left, right = data.qpos[7:9]
        assert left == pytest.approx(right, abs=5e-4)
        assert left + right == pytest.approx(target, abs=1.5e-3)


def test_contact_settings_that_make_grasps_hold() -> None:
    model = tabletop_spec().compile()
    assert model.opt.cone == mujoco.mjtCone.mjCONE_ELLIPTIC
    assert model.opt.impratio == 10
    assert model.opt.timestep == pytest.approx(0.002)
    assert model.opt.integrator == mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    for side in ("left", "right"):
        for part in ("upper", "lower"):
            pad = model.geom(f"gripper/{side}_pad_{part}")
            assert pad.type == mujoco.mjtGeom.mjGEOM_BOX
            assert pad.friction[0] == 1.5
            assert pad.condim == 6


def test_the_robot_never_touches_itself(arm: tuple[mujoco.MjModel, mujoco.MjData]) -> None:
    model, data = arm
    mujoco.mj_resetData(model, data)
    mujoco.mj_forward(model, data)
    assert data.ncon == 0
