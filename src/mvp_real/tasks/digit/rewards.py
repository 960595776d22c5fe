"""The fourteen terms of the reward (Xiao 2023, sec. 6.4.3, eq. 6.3 to 6.16) as functions of arrays.

Every term is batched on the leading dimensions and returned without its weight. Weights and signs are not given in
the thesis; those of `RewardWeights` are proposals from public practice. The reward of a step is the weighted sum
times the control period.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np

from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray
from mvp_real.robots.digit import load_digit


@dataclass(frozen=True)
class RewardWeights:
    """Weight of each term; the order is that of the equations."""

    linear_velocity: float = 1.0
    angular_velocity: float = 1.0
    base_motion: float = -0.5
    base_orientation: float = -2.5
    base_height: float = -10.0
    in_the_air: float = -0.5
    contact_force: float = -1e-3
    foot_swing: float = -10.0
    torque: float = -1e-6
    acceleration: float = -2e-7
    action_rate: float = -0.008
    target_smoothness: float = -0.1
    joint_position: float = -0.2
    termination: float = -100.0

    def vector(self) -> FloatArray:
        """(14,) weights in the order of `TERMS`."""
        return np.array([getattr(self, name) for name in TERMS])


TERMS = tuple(field.name for field in fields(RewardWeights))


@dataclass(frozen=True)
class RewardScales:
    """Constants inside the terms.

    Attributes:
        linear_width: Of the kernel of the velocity error, m^2/s^2. The thesis has 0.2, which is flat near zero.
        angular_width: Of the kernel of the turn error, rad^2/s^2.
        averaged: Share of the mean over about a gait cycle in the velocity that both kernels see, 0 to 1. The thesis
            has 0: there the sway of every stride costs as much as a constant error, which then stays.
        height: Height of the base above the ground below which it is punished, m.
        contact_threshold: Force from which a foot counts as standing, N. The thesis has 0.
        force_limit: Force of a foot above which it is punished, N.
        only_positive: Whether the sum of the terms before termination is cut at zero from below, so that ending an
            episode early never pays. The thesis does not say.
    """

    linear_width: float = 0.2
    angular_width: float = 0.2
    averaged: float = 0.0
    height: float = 1.0
    contact_threshold: float = 1.0
    force_limit: float = 600.0
    only_positive: bool = False

    def __post_init__(self) -> None:
        if self.linear_width <= 0.0 or self.angular_width <= 0.0:
            raise MvpRealError(f"widths of the tracking kernels are {self.linear_width} and {self.angular_width};"
                               " need more than zero")  # fmt: skip
        if not 0.0 <= self.averaged <= 1.0:
            raise MvpRealError(f"share of the mean velocity in the tracking is {self.averaged}; need 0 to 1")


def linear_velocity(velocity: FloatArray, command: FloatArray, width: float) -> FloatArray:
    """Eq. 6.3: exp(-|v_xy - v*_xy|^2 / width), from velocities ahead, sideways and of turning (..., 3)."""
    error = velocity[..., :2] - command[..., :2]
    return np.exp(-_square(error) / width)


def angular_velocity(velocity: FloatArray, command: FloatArray, width: float) -> FloatArray:
    """Eq. 6.4: exp(-(w_z - w*_z)^2 / width), from velocities ahead, sideways and of turning (..., 3)."""
    return np.exp(-((velocity[..., 2] - command[..., 2]) ** 2) / width)


def base_motion(velocity: FloatArray, angular: FloatArray) -> FloatArray:
    """Eq. 6.5: v_z^2 + 0.5 |w_xy|^2."""
    return velocity[..., 2] ** 2 + 0.5 * _square(angular[..., :2])


def base_orientation(gravity: FloatArray) -> FloatArray:
    """Eq. 6.6: |g_xy|^2 of the projected gravity, a unit vector (..., 3)."""
    return _square(gravity[..., :2])


def base_height(height: FloatArray, lower: float) -> FloatArray:
    """Eq. 6.7: (lower - h)^2 below `lower`, m^2."""
    return np.maximum(lower - height, 0.0) ** 2


def in_the_air(force: FloatArray, threshold: float) -> FloatArray:
    """Eq. 6.8: 1 where no foot of (..., 2) carries `threshold` or more, N."""
    return (force < threshold).all(axis=-1).astype(np.float64)


def contact_force(force: FloatArray, limit: float) -> FloatArray:
    """Eq. 6.9: sum over the feet (..., 2) of the force above `limit`, N."""
    return np.maximum(force - limit, 0.0).sum(axis=-1)


def foot_swing(place: FloatArray, target: FloatArray) -> FloatArray:
    """Eq. 6.10: sum over the feet (..., 2, 3) of |xy - xy*|^2 + 5 (z - z*)^2, m^2."""
    error = place - target
    return np.einsum("...fc,...fc,c->...", error, error, np.array([1.0, 1.0, 5.0]))


def torque(torques: FloatArray) -> FloatArray:
    """Eq. 6.11: |tau|^2, N^2 m^2."""
    return _square(torques)


def acceleration(accelerations: FloatArray) -> FloatArray:
    """Eq. 6.12: |qddot|^2, rad^2/s^4."""
    return _square(accelerations)


def action_rate(action: FloatArray, previous: FloatArray) -> FloatArray:
    """Eq. 6.13: |a_t - a_(t-1)|^2 of the predicted actions."""
    return _square(action - previous)


def target_smoothness(target: FloatArray, previous: FloatArray, before: FloatArray) -> FloatArray:
    """Eq. 6.14: |q'_t - q'_(t-1)|^2 + |q'_t - 2 q'_(t-1) + q'_(t-2)|^2 of the joint targets, rad^2."""
    change = target - previous
    return _square(change) + _square(change - (previous - before))


def joint_position(position: FloatArray) -> FloatArray:
    """Eq. 6.15: sum of alpha (q - q0)^2 over the selected motors (..., 20), rad^2."""
    return (position - load_digit().default_pose) ** 2 @ joint_weights()


@lru_cache(maxsize=1)
def joint_weights() -> FloatArray:
    """(20,) alpha of eq. 6.15 in motor order."""
    table = load_digit()
    weights = np.zeros(len(table.motors))
    for part, weight in (
        ("shoulder_roll", 2.0), ("shoulder_yaw", 2.0), ("elbow", 1.0), ("hip_roll", 0.5), ("hip_yaw", 0.5),
        ("shoulder_pitch", 0.1), ("hip_pitch", 0.1),
    ):  # fmt: skip
        weights[table.indices(part)] = weight
    weights.setflags(write=False)
    return weights


def _square(values: FloatArray) -> FloatArray:
    return np.einsum("...i,...i->...", values, values)
