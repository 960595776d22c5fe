"""Sizes of the privileged state and its mirror image."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mvp_real.control.locomotion.spaces import mirror_observation
from mvp_real.tasks.digit.dynamics import LINKS
from mvp_real.tasks.digit.privileged import (
    GROUPS,
    PARAMETERS_SIZE,
    STATE,
    STATE_SIZE,
    Mirror,
    mirror_state,
    state_mirror,
)


def test_sizes_of_table_6_3() -> None:
    assert (PARAMETERS_SIZE, STATE_SIZE) == (147, 480)
    sizes = {"observation": 66, "gait_heuristics": 6, "height_map": 121, "action_difference": 36,
             "observation_difference": 61, "gains": 40, "gravity": 3}  # fmt: skip
    assert {name: GROUPS[name].size for name in sizes} == sizes


def test_every_entry_has_one_place() -> None:
    places = np.concatenate([np.arange(STATE_SIZE)[part] for part in STATE.values()])
    np.testing.assert_array_equal(places, np.arange(STATE_SIZE))


@given(st.integers(0, 2**32 - 1))
def test_mirroring_twice_gives_back_the_state(seed: int) -> None:
    state = np.random.default_rng(seed).normal(size=(2, STATE_SIZE))
    np.testing.assert_array_equal(mirror_state(mirror_state(state)), state)


def test_the_mirror_is_a_permutation_with_signs() -> None:
    order, sign = state_mirror()
    np.testing.assert_array_equal(np.sort(order), np.arange(STATE_SIZE))
    np.testing.assert_array_equal(np.abs(sign), 1.0)
    assert (order[order] == np.arange(STATE_SIZE)).all()


def test_groups_stay_in_their_places() -> None:
    order, _ = state_mirror()
    for part in STATE.values():
        assert set(order[part]) == set(range(part.start, part.stop))


def test_parts_whose_image_is_known() -> None:
    state = np.arange(STATE_SIZE, dtype=np.float64)
    image = mirror_state(state)
    np.testing.assert_array_equal(image[:66], mirror_observation(state[:66]))
    left_foot = LINKS.index("left_foot")
    assert image[STATE["mass"]][left_foot] == state[STATE["mass"]][LINKS.index("right_foot")]
    rows = state[STATE["height_map"]].reshape(11, 11)
    np.testing.assert_array_equal(image[STATE["height_map"]].reshape(11, 11), rows[::-1])
    np.testing.assert_array_equal(image[STATE["push_angular"]], state[STATE["push_angular"]] * (-1, 1, -1))


def test_the_clock_is_where_the_mirror_says() -> None:
    mirror = Mirror()
    state = np.zeros(STATE_SIZE)
    state[list(mirror.state_clock)] = (0.6, 0.8)
    np.testing.assert_array_equal(mirror.state(state)[list(mirror.state_clock)], (-0.6, -0.8))
