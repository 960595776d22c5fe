"""The reward of N robots: all terms from what they did, and their weighted sum."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mvp_real.messages import FloatArray
from mvp_real.tasks.digit import rewards
from mvp_real.tasks.digit.episode import Episodes
from mvp_real.tasks.digit.motion import Motion
from mvp_real.tasks.digit.rewards import RewardScales


def reward_terms(
    motion: Motion,
    episodes: Episodes,
    action: FloatArray,
    target: FloatArray,
    foot_targets: FloatArray,
    terminated: NDArray[np.bool_],
    scales: RewardScales,
    period: float,
) -> FloatArray:
    """(14, N) terms without weights, in the order of `rewards.TERMS`.

    Args:
        motion: What the robots did.
        episodes: What is remembered of the step before; `steps` and `mean_velocity` count this one already.
        action: (N, 36) predictions of the policy.
        target: (N, 20) joint targets that were sent, rad.
        foot_targets: (N, 2, 3) m.
        terminated: (N,) who fell.
        scales: Constants of the terms.
        period: s of a control step.
    """
    command = episodes.command
    acceleration = (motion.motor_velocity - episodes.motor_velocity) / period
    # The first two steps have no two steps before them.
    known = episodes.steps > 2
    planar = motion.planar_velocity()
    tracked = planar + scales.averaged * (episodes.mean_velocity - planar)
    return np.stack(
        [
            rewards.linear_velocity(tracked, command, scales.linear_width),
            rewards.angular_velocity(tracked, command, scales.angular_width),
            rewards.base_motion(motion.linear_velocity, motion.angular_velocity),
            rewards.base_orientation(motion.gravity),
            rewards.base_height(motion.height, scales.height),
            rewards.in_the_air(motion.foot_force, scales.contact_threshold),
            rewards.contact_force(motion.foot_force, scales.force_limit),
            rewards.foot_swing(motion.soles_from_base(), foot_targets),
            rewards.torque(motion.torque),
            rewards.acceleration(acceleration),
            known * rewards.action_rate(action, episodes.action),
            known * rewards.target_smoothness(target, episodes.target, episodes.target_before),
            rewards.joint_position(motion.motor_position),
            terminated.astype(np.float64),
        ]
    )


def weighted_sum(terms: FloatArray, weights: FloatArray, only_positive: bool = False) -> FloatArray:
    """(N,) weighted sum of terms (14, N); the last one is the termination.

    Args:
        terms, weights: Weights are (14,).
        only_positive: Whether the sum before the termination is cut at zero from below.
    """
    total = weights[:-1] @ terms[:-1]
    if only_positive:
        total = np.maximum(total, 0.0)
    total = total + weights[-1] * terms[-1]
    # Diverged physics may leave numbers that are not finite; such a robot gets the penalty of a fall.
    return np.where(np.isfinite(total), total, weights[-1])
