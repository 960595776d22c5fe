"""The weighted sum of the terms."""

from __future__ import annotations

import numpy as np

from mvp_real.tasks.digit.rewards import TERMS, RewardWeights
from mvp_real.tasks.digit.scoring import weighted_sum

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
