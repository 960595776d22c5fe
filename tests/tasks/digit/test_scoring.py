"""The weighted sum of the terms."""

from __future__ import annotations

import numpy as np

from mvp_real.robots.digit import load_digit
from mvp_real.tasks.digit.config import WalkConfig
from mvp_real.tasks.digit.environment import WalkEnvironment
from mvp_real.tasks.digit.episode import Episodes
from mvp_real.tasks.digit.rewards import TERMS, RewardScales, RewardWeights
from mvp_real.tasks.digit.scoring import reward_terms, weighted_sum

WEIGHTS = RewardWeights().vector()


def terms(**values: float) -> np.ndarray:
    found = np.zeros((len(TERMS), 1))
    for name, value in values.items():
        found[TERMS.index(name)] = value
    return found


def test_terms_are_weighted() -> None:
    total = weighted_sum(terms(linear_velocity=0.5, base_height=0.01, termination=1.0), WEIGHTS)
    np.testing.assert_allclose(total, 0.5 - 0.1 - 100.0)


def test_only_the_termination_can_be_negative_where_sums_are_cut() -> None:
    bad = terms(linear_velocity=0.1, base_height=0.1)
    assert weighted_sum(bad, WEIGHTS)[0] < 0.0
    assert weighted_sum(bad, WEIGHTS, only_positive=True)[0] == 0.0
    fallen = terms(linear_velocity=0.1, base_height=0.1, termination=1.0)
    assert weighted_sum(fallen, WEIGHTS, only_positive=True)[0] == -100.0


def test_a_term_that_is_not_finite_costs_a_fall() -> None:
    for value in (np.nan, np.inf, -np.inf):
        assert weighted_sum(terms(torque=value, termination=1.0), WEIGHTS)[0] == -100.0


def test_the_tracking_sees_the_mean_velocity_by_its_share() -> None:
    world = WalkEnvironment(WalkConfig(num_envs=2, seed=3))
    try:
        world.reset()
        motion, episodes = world.simulation.motion(), Episodes.new(2)
        motion.linear_velocity[:] = (0.5, -0.1, 0.2)
        motion.angular_velocity[:] = (0.3, 0.3, 0.8)
        episodes.command[:] = (0.3, 0.0, 0.4)
        episodes.mean_velocity[:] = (0.3, 0.1, 0.6)
        target = np.tile(load_digit().default_pose, (2, 1))
        for share, linear, turn in ((0.0, 0.04 + 0.01, 0.16), (1.0, 0.01, 0.04), (0.5, 0.01, 0.09)):
            scales = RewardScales(averaged=share)
            found = reward_terms(
                motion, episodes, np.zeros((2, 36)), target, np.zeros((2, 2, 3)), np.zeros(2, bool), scales, 0.02
            )  # fmt: skip
            np.testing.assert_allclose(found[TERMS.index("linear_velocity")], np.exp(-linear / 0.2))
            np.testing.assert_allclose(found[TERMS.index("angular_velocity")], np.exp(-turn / 0.2))
    finally:
        world.close()
