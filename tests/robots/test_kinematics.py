"""Forward kinematics of the xArm7 against the vendor's pose and against general matrix products."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mvp_real.geometry import modified_dh
from mvp_real.messages import FloatArray
from mvp_real.robots.kinematics import XARM7, SerialChain, forward_kinematics, link_positions

JOINTS = st.lists(st.floats(-3.5, 3.5), min_size=7, max_size=7).map(np.array)


def matrices(angles: FloatArray) -> list[FloatArray]:
    """Pose of each link frame by plain matrix products."""
    frames, current = [], np.eye(4)
    for link, angle in zip(XARM7.links, angles, strict=True):
        current = current @ modified_dh(link.a, link.alpha, link.d, angle)
        frames.append(current)
    return frames


def test_the_flange_at_zero_is_where_the_vendor_says() -> None:
    flange = forward_kinematics(np.zeros(7))
    assert np.allclose(flange[:3, 3], [0.206, 0.0, 0.1205], atol=1e-12)
    assert np.allclose(flange[:3, 2], [0.0, 0.0, -1.0], atol=1e-12)  # the tool points down


def test_the_tool_lies_along_the_z_axis_of_the_flange() -> None:
    assert np.allclose(forward_kinematics(np.zeros(7), tool=0.172)[:3, 3], [0.206, 0.0, -0.0515], atol=1e-12)


@given(JOINTS)
def test_the_unrolled_chain_equals_the_product_of_matrices(angles: FloatArray) -> None:
    frames = matrices(angles)
    assert np.allclose(forward_kinematics(angles), frames[-1], atol=1e-12)
    assert np.allclose(link_positions(angles), [frame[:3, 3] for frame in frames], atol=1e-12)


@given(JOINTS, st.floats(0.0, 0.3))
def test_the_short_cut_of_the_limiter_equals_the_general_chain(angles: FloatArray, tool: float) -> None:
    point, lowest = XARM7.tool_and_lowest(angles.tolist(), tool)
    expected_point, expected_lowest = SerialChain(XARM7.links).tool_and_lowest(angles.tolist(), tool)
    assert np.allclose(point, expected_point, atol=1e-12)
    assert np.isclose(lowest, expected_lowest, atol=1e-12)


@given(JOINTS)
def test_finite_differences_agree_with_the_geometric_jacobian(angles: FloatArray) -> None:
    step = 1e-6
    tip = forward_kinematics(angles, tool=0.172)[:3, 3]
    for joint, frame in enumerate(matrices(angles)):
        offset = np.zeros(7)
        offset[joint] = step
        ahead, behind = angles + offset, angles - offset
        measured = (forward_kinematics(ahead, 0.172) - forward_kinematics(behind, 0.172))[:3, 3] / (2 * step)
        assert np.allclose(measured, np.cross(frame[:3, 2], tip - frame[:3, 3]), atol=1e-8)
