"""The window is the one that is built from scratch, and padding is masked."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvp_real.control.locomotion.history import History
from mvp_real.errors import MvpRealError


def token(k: int) -> tuple[np.ndarray, np.ndarray]:
    return np.full(66, 1.0 + k), np.full(36, -1.0 - k)


@given(st.lists(st.sampled_from(["append", "append", "append", "clear"]), max_size=60))
def test_the_window_equals_one_built_from_scratch(actions: list[str]) -> None:
    history = History()
    kept: list[int] = []
    for k, action in enumerate(actions):
        if action == "clear":
            history.clear()
            kept = []
        else:
            history.append(*token(k))
            kept = [*kept, k][-16:]
        tokens = np.zeros((16, 102), np.float32)
        for place, number in zip(range(16 - len(kept), 16), kept, strict=True):
            tokens[place] = np.concatenate(token(number))
        np.testing.assert_array_equal(history.tokens, tokens)
        np.testing.assert_array_equal(history.mask, [0] * (16 - len(kept)) + [1] * len(kept))
        assert len(history) == len(kept)
        assert history.full == (len(kept) == 16)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nothing_that_is_not_finite_gets_in(bad: float) -> None:
    history = History()
    observation, action = token(0)
    observation[3] = bad
    with pytest.raises(MvpRealError, match="entry 3 of the token is not finite"):
        history.append(observation, action)
    assert len(history) == 0


def test_a_wrong_shape_is_refused() -> None:
    with pytest.raises(MvpRealError, match=r"got \(65,\) and \(36,\)"):
        History().append(np.zeros(65), np.zeros(36))
