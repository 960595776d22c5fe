"""Noise and encoder offsets of what the policy measures (Xiao 2023, table 6.1): all but clock and command."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from mvp_real.control.locomotion.spaces import OBSERVATION
from mvp_real.messages import FloatArray
from mvp_real.robots.digit import load_digit
from mvp_real.tasks.digit.randomisation import NOISE_GROUPS, TABLE, Randomisation

MEASURED_SIZE = max(OBSERVATION[group].stop for group in NOISE_GROUPS)
MEASURED = slice(0, MEASURED_SIZE)  # of the observation; clock and command are exact and never late


def noise_deviations(randomisation: Randomisation) -> FloatArray:
    """(61,) standard deviation of each measured entry of the observation, in its unit."""
    deviations = np.zeros(MEASURED_SIZE)
    for group in NOISE_GROUPS:
        deviations[OBSERVATION[group]] = randomisation.of(group) * TABLE[group].high
    return deviations


def add_noise(random: Generator, measured: FloatArray, deviations: FloatArray) -> FloatArray:
    """`measured` (N, 61) with Gaussian noise of the given deviations (61,)."""
    draws = random.standard_normal(measured.shape, dtype=np.float32)
    return measured + draws * deviations


def add_encoder_offset(measured: FloatArray, offset: FloatArray) -> FloatArray:
    """`measured` (N, 61) with the offsets (N, 20) of the motors on the 16 motor positions the policy sees."""
    shifted = measured.copy()
    motors = load_digit().observed_motors
    start = OBSERVATION["joint_position"].start
    shifted[:, start : start + len(motors)] += offset[:, motors]
    return shifted
