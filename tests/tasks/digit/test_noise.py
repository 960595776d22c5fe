"""Which entries are noisy, how much, and which encoders have an offset."""

from __future__ import annotations

import numpy as np
import pytest

from mvp_real.control.locomotion.spaces import OBSERVATION
from mvp_real.robots.digit import load_digit
from mvp_real.tasks.digit.noise import MEASURED_SIZE, add_encoder_offset, add_noise, noise_deviations
from mvp_real.tasks.digit.randomisation import Randomisation


def test_all_but_clock_and_command_are_measured() -> None:
    assert MEASURED_SIZE == 61
    assert OBSERVATION["clock"].start == MEASURED_SIZE


def test_deviations_follow_table_and_strength() -> None:
    deviations = noise_deviations(Randomisation(strength=0.5, rows={"joint_velocity": 0.2}))
    np.testing.assert_allclose(deviations[OBSERVATION["joint_position"]], 0.0875)
    np.testing.assert_allclose(deviations[OBSERVATION["joint_velocity"]], 0.015)
    np.testing.assert_allclose(deviations[OBSERVATION["projected_gravity"]], 0.0375)


def test_noise_has_these_deviations() -> None:
    deviations = noise_deviations(Randomisation())
    noisy = add_noise(np.random.default_rng(0), np.full((20_000, 61), 3.0), deviations)
    np.testing.assert_allclose(noisy.std(axis=0), deviations, rtol=0.03)
    assert np.abs(noisy.mean(axis=0) - 3.0).max() < 0.01


def test_an_offset_shows_at_the_motors_that_are_seen() -> None:
    table, offset = load_digit(), np.zeros((1, 20))
    offset[0, table.motor("left_toe_A")], offset[0, table.motor("right_knee")] = 1.0, 0.03
    shifted = add_encoder_offset(np.zeros((1, 61)), offset)[0]
    place = OBSERVATION["joint_position"].start + table.observed_joints.index("right_knee")
    assert shifted[place] == pytest.approx(0.03)
    assert np.count_nonzero(shifted) == 1
