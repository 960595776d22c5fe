"""Rotations, poses and the modified Denavit-Hartenberg step."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mvp_real.geometry import (
    modified_dh,
    pose,
    quaternion_from_rotation,
    rotation_from_quaternion,
    rotation_z,
)

ANGLES = st.floats(-7.0, 7.0)


@given(st.lists(st.floats(-1.0, 1.0), min_size=4, max_size=4).filter(lambda q: np.linalg.norm(q) > 0.1))
def test_a_quaternion_survives_the_way_through_a_rotation_matrix(values: list[float]) -> None:
    quaternion = np.array(values) / np.linalg.norm(values)
    rotation = rotation_from_quaternion(quaternion)
    assert np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.isclose(np.linalg.det(rotation), 1.0)
    back = quaternion_from_rotation(rotation)
    assert back[0] >= 0.0
    assert np.allclose(rotation_from_quaternion(back), rotation, atol=1e-9)


def test_half_turns_about_each_axis_are_well_conditioned() -> None:
    for axis in range(3):
        rotation = -np.eye(3)
        rotation[axis, axis] = 1.0
        quaternion = quaternion_from_rotation(rotation)
        assert np.isclose(abs(quaternion[axis + 1]), 1.0)


@given(ANGLES, ANGLES, st.floats(-1.0, 1.0), st.floats(-1.0, 1.0))
def test_the_denavit_hartenberg_step_is_the_product_of_its_four_motions(
    alpha: float, theta: float, a: float, d: float
) -> None:
    about_x = np.array(
        [[1, 0, 0], [0, np.cos(alpha), -np.sin(alpha)], [0, np.sin(alpha), np.cos(alpha)]], dtype=float
    )
    expected = (
        pose(about_x, np.zeros(3))
        @ pose(np.eye(3), np.array([a, 0.0, 0.0]))
        @ pose(rotation_z(theta), np.zeros(3))
        @ pose(np.eye(3), np.array([0.0, 0.0, d]))
    )
    assert np.allclose(modified_dh(a, alpha, d, theta), expected, atol=1e-12)
