"""Virtual springs: what the force is, and a four-bar with springs beside the same one with `connect`."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mvp_real.errors import MvpRealError
from mvp_real.sim.virtual_spring_rods import VirtualSpringRods, largest_timestep
from tests.sim.four_bar import with_connect, with_springs

VECTORS = arrays(np.float64, (2, 3, 2, 3), elements=st.floats(-1.0, 1.0))
# The second end lies two to six metres ahead of the first.
ENDS = VECTORS.map(lambda ends: ends + np.array([[0.0, 0.0, 0.0], [4.0, 0.0, 0.0]]))
RODS = VirtualSpringRods(np.array([0.3, 0.5, 0.2]), 2e4, 15.0, 0.1)


def test_force_by_hand() -> None:
    """Rod of 0.3 m along x, 1 cm too long, growing by 0.2 m/s: 2e4 x 0.01 + 15 x 0.2 = 203 N inwards."""
    rods = VirtualSpringRods(np.array([0.3]), 2e4, 15.0, 0.1)
    position = np.array([[[0.0, 0.0, 1.0], [0.31, 0.0, 1.0]]])
    velocity = np.array([[[0.0, 5.0, 0.0], [0.2, 5.0, 0.0]]])
    forces = rods.forces(position, velocity)
    np.testing.assert_allclose(forces, [[[203.0, 0.0, 0.0], [-203.0, 0.0, 0.0]]], rtol=1e-12)
    assert rods.stretch(position) == pytest.approx([0.01])


@given(ENDS, VECTORS)
def test_forces_are_equal_opposite_and_along_the_rod(position: np.ndarray, velocity: np.ndarray) -> None:
    for forces in (RODS.forces(position, velocity), RODS.relaxing_forces(position, velocity, 0.001)):
        assert forces.shape == position.shape
        np.testing.assert_array_equal(forces[..., 0, :], -forces[..., 1, :])
        along = position[..., 1, :] - position[..., 0, :]
        moment = np.cross(along, forces[..., 0, :])
        scale = 1.0 + np.abs(along).max() * np.abs(forces).max()
        assert np.abs(moment).max() < 1e-9 * scale


@given(ENDS, VECTORS, st.integers(0, 2))
def test_motion_of_the_rod_as_a_whole_makes_no_force(
    position: np.ndarray, velocity: np.ndarray, axis: int
) -> None:
    shift = np.zeros(3)
    shift[axis] = 0.7
    moved = RODS.forces(position + shift, velocity + shift)
    np.testing.assert_allclose(moved, RODS.forces(position, velocity), rtol=1e-9, atol=1e-6)


def test_ends_that_coincide_make_a_finite_force() -> None:
    assert np.isfinite(RODS.forces(np.zeros((3, 2, 3)), np.ones((3, 2, 3)))).all()


@pytest.mark.parametrize(("wrong_by", "settles"), [(0.3, True), (1.0, True), (1.7, True), (1.9, False)])
def test_relaxation_tolerates_a_wrong_effective_mass(wrong_by: float, settles: bool) -> None:
    """Two free point masses of 0.2 kg, whose effective mass is 0.1 kg; semi-implicit Euler, 1 ms."""
    rods = VirtualSpringRods(np.array([0.3]), 100.0, 0.0, 0.1 * wrong_by)
    position = np.array([[[0.0, 0.0, 0.0], [0.305, 0.0, 0.0]]])
    velocity = np.zeros_like(position)
    for _ in range(60):
        velocity += rods.relaxing_forces(position, velocity, 0.001) / 0.2 * 0.001
        position += velocity * 0.001
    assert bool(abs(rods.stretch(position)[0]) < 1e-4) is settles


def test_relaxing_substeps_are_the_odd_ones() -> None:
    position, velocity = np.random.default_rng(0).normal(size=(2, 3, 2, 3))
    springs, relaxing = RODS.forces(position, velocity), RODS.relaxing_forces(position, velocity, 2e-4)
    assert np.abs(springs - relaxing).max() > 1.0
    for substep, expected in ((0, springs), (1, relaxing), (2, springs), (7, relaxing)):
        np.testing.assert_array_equal(RODS.substep_forces(position, velocity, substep, 2e-4), expected)


def test_wrong_numbers_are_refused() -> None:
    for length, stiffness, damping, mass in ((0.0, 1, 1, 1), (1, 0.0, 1, 1), (1, 1, -1.0, 1), (1, 1, 1, 0.0)):
        with pytest.raises(MvpRealError, match="virtual spring rods"):
            VirtualSpringRods(np.array([length]), stiffness, damping, mass)


@pytest.mark.parametrize("timestep", [0.001, 0.0025, 0.005])
def test_connect_is_stable_at_every_step(timestep: float) -> None:
    run = with_connect(timestep)
    assert run.stable
    assert run.gap < 1.3e-3


def test_spring_error_is_force_over_stiffness() -> None:
    """The drive of 3 Nm on a crank of 0.1 m loads the rod with some 35 N."""
    soft, stiff = with_springs(0.001, 2e4), with_springs(0.001, 2e5)
    assert soft.gap == pytest.approx(2.0e-3, abs=0.3e-3)
    assert stiff.gap == pytest.approx(0.2e-3, abs=0.03e-3)


@pytest.mark.parametrize(
    ("stiffness", "timestep", "stable"),
    [(2e4, 0.0025, True), (2e4, 0.005, False), (2e5, 0.001, True), (2e5, 0.0025, False)],
)
def test_explicit_spring_is_bounded_by_the_step(stiffness: float, timestep: float, stable: bool) -> None:
    assert with_springs(timestep, stiffness).stable is stable
    assert (timestep < largest_timestep(stiffness, 0.105)) is stable


def test_more_substeps_make_a_stiff_spring_stable() -> None:
    assert with_springs(0.0025, 2e5, substeps=4).gap < 0.25e-3


def test_alternating_substeps_pull_the_length_back() -> None:
    """The same soft spring with relaxing sub-steps between is ten times as exact."""
    plain = with_springs(0.001, 2e4, substeps=4)
    alternating = with_springs(0.001, 2e4, substeps=4, alternate=True)
    assert alternating.stable
    assert alternating.gap < 0.1 * plain.gap


def test_springs_move_the_four_bar_as_connect_does() -> None:
    reference = with_connect(0.0005).crank
    alternating = with_springs(0.001, 2e4, substeps=4, alternate=True).crank
    stiff = with_springs(0.001, 2e5).crank
    assert reference[-1] > 0.4  # the mechanism really moves
    np.testing.assert_allclose(alternating, reference, atol=0.002)
    np.testing.assert_allclose(stiff, reference, atol=0.004)
    # The control: a soft spring alone does not.
    assert np.abs(with_springs(0.001, 2e4).crank - reference).max() > 0.02
