"""Quaternions, cameras and velocities between MuJoCo and Isaac Gym."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mvp_real.sim.isaac_gym.conventions import (
    camera_quaternion,
    cross,
    from_xyzw,
    horizontal_opening,
    rotate,
    to_xyzw,
    velocity_of_center,
    velocity_of_origin,
)

VECTORS = arrays(np.float64, 3, elements=st.floats(-5.0, 5.0))
TURNS = arrays(np.float64, 4, elements=st.floats(-1.0, 1.0)).filter(lambda q: np.linalg.norm(q) > 0.1)


def unit(quaternion: np.ndarray) -> np.ndarray:
    return quaternion / np.linalg.norm(quaternion)


@given(TURNS)
def test_order_of_quaternions(quaternion: np.ndarray) -> None:
    np.testing.assert_array_equal(to_xyzw(quaternion), [*quaternion[1:], quaternion[0]])
    np.testing.assert_array_equal(from_xyzw(to_xyzw(quaternion)), quaternion)


@given(TURNS, VECTORS)
def test_rotate_is_mujocos(quaternion: np.ndarray, vector: np.ndarray) -> None:
    expected = np.zeros(3)
    mujoco.mju_rotVecQuat(expected, vector, unit(quaternion))
    np.testing.assert_allclose(rotate(unit(quaternion), vector), expected, atol=1e-12)


@given(VECTORS, VECTORS)
def test_arrays_and_tensors_give_the_same(left: np.ndarray, right: np.ndarray) -> None:
    np.testing.assert_allclose(cross(left, right), np.cross(left, right), atol=1e-12)
    tensor = cross(torch.from_numpy(left), torch.from_numpy(right))
    np.testing.assert_array_equal(tensor.numpy(), cross(left, right))


@given(TURNS)
def test_camera_looks_and_stands_the_same(quaternion: np.ndarray) -> None:
    turn = unit(quaternion)
    theirs = camera_quaternion(turn)
    np.testing.assert_allclose(
        rotate(theirs, np.array([1.0, 0, 0])), rotate(turn, np.array([0, 0, -1.0])), atol=1e-12
    )
    np.testing.assert_allclose(
        rotate(theirs, np.array([0, 0, 1.0])), rotate(turn, np.array([0, 1.0, 0])), atol=1e-12
    )


def test_opening_of_the_thesis() -> None:
    """298 x 224 at 120 degrees horizontally is 104.9 degrees vertically."""
    vertical = 2 * np.degrees(np.arctan(np.tan(np.radians(60)) * 224 / 298))
    assert vertical == pytest.approx(104.9, abs=0.05)
    assert horizontal_opening(vertical, 298, 224) == pytest.approx(120.0)
    assert horizontal_opening(50.0, 64, 64) == pytest.approx(50.0)


@given(VECTORS, VECTORS, TURNS, VECTORS)
def test_velocities_of_origin_and_center(
    velocity: np.ndarray, angular: np.ndarray, quaternion: np.ndarray, center: np.ndarray
) -> None:
    turn = unit(quaternion)
    at_center = velocity_of_center(velocity, angular, turn, center)
    np.testing.assert_allclose(at_center, velocity + np.cross(angular, rotate(turn, center)), atol=1e-9)
    np.testing.assert_allclose(velocity_of_origin(at_center, angular, turn, center), velocity, atol=1e-9)
