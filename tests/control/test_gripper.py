"""Hysteresis of the predicted gripper change."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mvp_real.control.gripper import GripperHysteresis


def test_only_a_change_beyond_a_tenth_moves_the_gripper() -> None:
    gripper = GripperHysteresis(0.2)
    gripper.restart(is_open=True)
    assert gripper.decide(-0.099, 0.0) == 1.0
    assert gripper.decide(-0.101, 0.2) == 0.0
    assert gripper.decide(0.099, 2.0) == 0.0
    assert gripper.decide(0.101, 2.2) == 1.0


def test_a_second_change_waits_for_a_second_to_the_millisecond() -> None:
    gripper = GripperHysteresis(0.2)
    gripper.restart(is_open=True)
    assert gripper.decide(-0.2, 10.0) == 0.0
    assert gripper.decide(0.2, 10.999) == 0.0
    assert gripper.refused == 1
    assert gripper.decide(0.2, 11.001) == 1.0


def test_a_clock_that_goes_back_blocks_it_for_a_second_at_most() -> None:
    gripper = GripperHysteresis(0.2)
    gripper.decide(-0.2, 100.0)
    assert gripper.decide(0.2, 5.0) == 0.0
    assert gripper.decide(0.2, 6.001) == 1.0


@given(st.lists(st.floats(-0.4, 0.4), min_size=1, max_size=60))
def test_it_never_changes_more_than_once_a_second(changes: list[float]) -> None:
    gripper = GripperHysteresis(0.2)
    gripper.restart(is_open=True)
    outputs = [1.0] + [gripper.decide(change, 0.2 * k) for k, change in enumerate(changes)]
    toggles = 0.2 * np.flatnonzero(np.diff(outputs))
    assert np.all(np.diff(toggles) >= 1.0 - 1e-9)
