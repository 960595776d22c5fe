"""Inverse kinematics of a leg against the forward kinematics of the reduced model."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mvp_real.errors import MvpRealError
from mvp_real.sim.digit import reduced_model
from mvp_real.sim.digit.leg_inverse_kinematics import LEG_JOINTS, LegInverseKinematics

INVERSE = LegInverseKinematics()
MODEL = reduced_model(appearance=False).compile()


def _sole(angles: np.ndarray, side: str) -> tuple[np.ndarray, np.ndarray]:
    """Place (3,) and rotation (3, 3) of a sole in the base frame."""
    data = mujoco.MjData(MODEL)
    data.qpos[:7] = (0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)
    for name, angle in zip(LEG_JOINTS, angles, strict=True):
        data.joint(f"{side}_{name}").qpos[0] = angle
    data.joint(f"{side}_tarsus").qpos[0] = -angles[LEG_JOINTS.index("knee")]
    mujoco.mj_kinematics(MODEL, data)
    sole = data.site(f"{side}_sole")
    return sole.xpos.copy(), sole.xmat.reshape(3, 3).copy()


@settings(max_examples=40, deadline=None)
@given(
    x=st.floats(-0.20, 0.10),
    y=st.floats(0.11, 0.19),
    z=st.floats(-1.04, -0.88),
    yaw=st.floats(-0.2, 0.2),
    side=st.sampled_from(["left", "right"]),
)
def test_sole_is_level_at_its_place_and_in_its_direction(
    x: float, y: float, z: float, yaw: float, side: str
) -> None:
    place = np.array([x, y if side == "left" else -y, z])
    reached, rotation = _sole(INVERSE.solve(place, yaw, side), side)
    np.testing.assert_allclose(reached, place, atol=2e-6)
    np.testing.assert_allclose(rotation[:, 2], [0.0, 0.0, 1.0], atol=1e-5)
    np.testing.assert_allclose(rotation[:2, 0], [np.cos(yaw), np.sin(yaw)], atol=1e-5)


def test_right_leg_is_the_mirror_image() -> None:
    left = INVERSE.solve(np.array([0.02, 0.15, -0.95]), 0.1, "left")
    right = INVERSE.solve(np.array([0.02, -0.15, -0.95]), -0.1, "right")
    np.testing.assert_array_equal(right, -left)


def test_start_does_not_change_the_answer() -> None:
    place = np.array([0.0, 0.14, -0.95])
    other = INVERSE.solve(place, start=INVERSE.solve(np.array([-0.1, 0.16, -1.02])))
    np.testing.assert_allclose(INVERSE.solve(place), other, atol=1e-5)


def test_place_out_of_reach_is_named() -> None:
    with pytest.raises(MvpRealError, match=r"left foot cannot stand at \(0\.000, 0\.140, -1\.400\)"):
        INVERSE.solve(np.array([0.0, 0.14, -1.4]))
