"""How the two toe motors of a leg move the foot: linear map between crank angles and foot pitch and roll.

    A = roll / 3.3 - pitch / 1.07
    B = roll / 3.3 + pitch / 1.07

The same on both legs, since every joint changes its sign in the mirror. It is the linear part of what the rods
of the full model do; over +-0.3 rad the foot stays within 0.03 rad on average.
"""

from __future__ import annotations

import numpy as np

from mvp_real.messages import FloatArray

PITCH_RATIO = 1.07
ROLL_RATIO = 3.3


def crank_angles(pitch: FloatArray, roll: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Angles of toe A and toe B, rad, for foot pitch and roll of any common shape; velocities map alike."""
    pitch_part, roll_part = np.asarray(pitch) / PITCH_RATIO, np.asarray(roll) / ROLL_RATIO
    return roll_part - pitch_part, roll_part + pitch_part


def foot_angles(toe_a: FloatArray, toe_b: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Foot pitch and roll, rad, for crank angles of any common shape; velocities map alike."""
    toe_a, toe_b = np.asarray(toe_a), np.asarray(toe_b)
    return PITCH_RATIO * (toe_b - toe_a) / 2.0, ROLL_RATIO * (toe_a + toe_b) / 2.0


def foot_coefficients(per_crank: float) -> tuple[float, float]:
    """Stiffness, damping or inertia about foot pitch and roll of two cranks with `per_crank` each.

    Energy is the same on both sides: the sum of the squared crank angles is 2 (pitch/1.07)^2 + 2 (roll/3.3)^2.
    """
    return 2.0 * per_crank / PITCH_RATIO**2, 2.0 * per_crank / ROLL_RATIO**2


def foot_moments(toe_a: FloatArray, toe_b: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Moments about foot pitch and roll, Nm, of crank torques of any common shape: the same work on both sides."""
    toe_a, toe_b = np.asarray(toe_a), np.asarray(toe_b)
    return (toe_b - toe_a) / PITCH_RATIO, (toe_a + toe_b) / ROLL_RATIO


def foot_torques(per_crank: float) -> tuple[float, float]:
    """Largest torques about foot pitch and roll, Nm, when both cranks give at most `per_crank`."""
    return 2.0 * per_crank / PITCH_RATIO, 2.0 * per_crank / ROLL_RATIO
