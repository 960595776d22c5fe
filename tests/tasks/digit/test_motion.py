"""Frames of what the robots do."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from mvp_real.tasks.digit.config import WalkConfig
from mvp_real.tasks.digit.environment import WalkEnvironment
from mvp_real.tasks.digit.motion import rotation_matrices


def test_rotations_are_those_of_the_engine() -> None:
    quaternions = np.random.default_rng(0).normal(size=(20, 4))
    quaternions /= np.linalg.norm(quaternions, axis=1, keepdims=True)
    for quaternion, matrix in zip(quaternions, rotation_matrices(quaternions), strict=True):
        expected = np.zeros(9)
        mujoco.mju_quat2Mat(expected, quaternion)
        np.testing.assert_allclose(matrix.ravel(), expected, atol=1e-12)


@pytest.fixture(scope="module")
def turned() -> WalkEnvironment:
    """A robot that looks along y and moves along x."""
    environment = WalkEnvironment(
        WalkConfig.from_dict({"num_envs": 1, "randomisation": {"strength": 0.0}, "start": {"joint": 0.0}})
    )
    environment.reset()
    simulation = environment.simulation
    simulation._qpos[0, 3:7] = (0.5**0.5, 0.0, 0.0, 0.5**0.5)
    simulation._qvel[0] = 0.0
    simulation._qvel[0, 0], simulation._qvel[0, 5] = 0.4, 0.2
    simulation.backend.forward()
    return environment


def test_velocities_and_gravity_are_in_the_base_frame(turned: WalkEnvironment) -> None:
    motion = turned.simulation.motion()
    np.testing.assert_allclose(motion.linear_velocity, [[0.0, -0.4, 0.0]], atol=1e-9)
    np.testing.assert_allclose(motion.angular_velocity, [[0.0, 0.0, 0.2]], atol=1e-9)
    np.testing.assert_allclose(motion.gravity, [[0.0, 0.0, -1.0]], atol=1e-9)
    np.testing.assert_allclose(motion.heading, [[0.0, 1.0]], atol=1e-9)


def test_soles_are_told_in_the_frame_of_the_heading(turned: WalkEnvironment) -> None:
    soles = turned.simulation.motion().soles_from_base()[0]
    np.testing.assert_allclose(soles[:, :2], turned.simulation.stance, atol=1e-6)
    np.testing.assert_allclose(soles[:, 2], 0.002, atol=1e-4)


def test_chosen_robots_are_read_as_among_all() -> None:
    environment = WalkEnvironment(WalkConfig.from_dict({"num_envs": 4, "terrain": {"slope_share": 1.0}}))
    environment.reset()
    environment.step(np.zeros((4, 36)))
    every, some = environment.simulation.motion(), environment.simulation.motion(np.array([3, 1]))
    for name, values in vars(some).items():
        np.testing.assert_array_equal(values, getattr(every, name)[[3, 1]])
