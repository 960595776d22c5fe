"""Late samples."""

from __future__ import annotations

import numpy as np
import pytest

from mvp_real.tasks.digit.delays import deliver, toss_late


def test_samples_are_late_as_often_as_their_probability() -> None:
    random, probability = np.random.default_rng(0), np.repeat([0.0, 0.1, 0.2], 30_000)
    late = toss_late(random, probability).reshape(3, -1).mean(axis=1)
    assert late[0] == 0.0
    assert late[1:] == pytest.approx([0.1, 0.2], abs=0.01)


def test_a_late_robot_gets_the_sample_before() -> None:
    current, previous = np.ones((3, 2, 2)), np.zeros((3, 2, 2))
    delivered = deliver(np.array([False, True, False]), current, previous)
    np.testing.assert_array_equal(delivered[:, 0, 0], [1.0, 0.0, 1.0])
