"""Step filter and labels of behaviour cloning (mvp_real sheet, checks 4 and 5)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mvp_real.errors import MvpRealError
from mvp_real.training.imitation.labels import (
    commanded_labels,
    kept_steps,
    labelled_steps,
    measured_delta_labels,
)


def states(angles: list[float], flags: list[float]) -> np.ndarray:
    state = np.zeros((len(angles), 8))
    state[:, 2] = angles
    state[:, 7] = flags
    return state


def test_steps_that_hardly_move_are_left_out() -> None:
    state = states([0, 0.002, 0.003, 0.005, 0.008, 0.010], [1] * 6)
    np.testing.assert_allclose(state[kept_steps(state), 2], [0, 0.005, 0.010])


def test_a_gripper_toggle_without_motion_is_kept() -> None:
    assert kept_steps(states([0, 0, 0, 0], [1, 1, 0, 0])).tolist() == [0, 2]


def test_steps_that_wait_for_the_gripper_are_kept_when_the_command_is_known() -> None:
    state = states([0, 0, 0, 0, 0], [1, 1, 1, 0, 0])
    command = np.array([1, 0, 0, 0, 0])
    assert kept_steps(state, command).tolist() == [0, 1, 2, 3]


def test_threshold_zero_keeps_everything() -> None:
    assert len(kept_steps(states([0] * 5, [1] * 5), threshold=0.0)) == 5


@pytest.mark.parametrize(("flags", "expected"), [((0, 1), 0.2), ((1, 0), -0.2), ((1, 1), 0.0), ((0, 0), 0.0)])
def test_gripper_channel(flags: tuple[float, float], expected: float) -> None:
    state = states([0.0, 0.1], list(flags))
    _, measured = measured_delta_labels(state, np.array([0, 1]))
    assert measured[0, 7] == pytest.approx(expected)
    assert measured[0, 2] == pytest.approx(0.1)
    clean = state[[1, 1]]
    _, commanded = commanded_labels(state, clean, np.array([0, 1]))
    assert commanded[0, 7] == pytest.approx(expected)
    assert commanded[0, 2] == pytest.approx(0.1)
    assert commanded[1].tolist() == [0.0] * 8


def test_frame_skip_looks_further_but_not_past_a_toggle() -> None:
    state = states([0.0, 0.1, 0.2, 0.3, 0.4], [1, 1, 0, 0, 0])
    kept = np.arange(5)
    _, plain = measured_delta_labels(state, kept)
    np.testing.assert_allclose(plain[:, 2], 0.1)
    _, skipped = measured_delta_labels(state, kept, frame_skip=1)
    np.testing.assert_allclose(skipped[:, 2], [0.2, 0.1, 0.2, 0.1])
    np.testing.assert_allclose(skipped[:, 7], [-0.2, -0.2, 0.0, 0.0])


@settings(max_examples=60, deadline=None)
@given(arrays.arrays(np.float64, (12, 7), elements=st.floats(-0.02, 0.02)), st.integers(0, 11))
def test_measured_deltas_sum_to_the_whole_motion(motion: np.ndarray, toggle: int) -> None:
    state = np.ones((12, 8))
    state[:, :7] = np.cumsum(motion, axis=0)
    state[toggle:, 7] = 0.0
    kept = kept_steps(state)
    _, actions = measured_delta_labels(state, kept)
    np.testing.assert_allclose(actions[:, :7].sum(axis=0), state[kept[-1], :7] - state[0, :7], atol=1e-12)
    assert actions[:, 7].sum() == pytest.approx(0.2 * (state[kept[-1], 7] - state[0, 7]))
    # What was left out had not moved.
    for step in range(12):
        before = kept[kept <= step][-1]
        assert np.abs(state[step, :7] - state[before, :7]).max() <= 0.004
        assert state[step, 7] == state[before, 7]


def test_an_unknown_mode_suggests_the_near_one() -> None:
    with pytest.raises(MvpRealError, match="commanded"):
        labelled_steps(states([0, 1], [1, 1]), states([0, 1], [1, 1]), mode="comanded")
