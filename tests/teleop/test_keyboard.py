"""Keys of a terminal as a velocity command with a dead-man switch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvp_real.control.locomotion.command import CommandLimits
from mvp_real.teleop.keyboard import HOLD, STEPS, KeyboardTeleop

LIMITS = CommandLimits()


def teleop() -> KeyboardTeleop:
    return KeyboardTeleop(LIMITS.lower, LIMITS.upper)


@pytest.mark.parametrize(
    ("keys", "command"),
    [
        ("www", (0.3, 0.0, 0.0)),
        ("wwws", (0.2, 0.0, 0.0)),
        ("ad", (0.0, 0.0, 0.0)),
        ("aa", (0.0, 0.0, 0.6)),
        ("zzzzzz", (0.0, 0.3, 0.0)),
        ("c", (0.0, -0.1, 0.0)),
        ("w" * 20, (1.0, 0.0, 0.0)),
        ("s" * 20, (-0.3, 0.0, 0.0)),
        ("wwwax", (0.0, 0.0, 0.0)),
    ],
)
def test_keys_change_the_command(keys: str, command: tuple[float, float, float]) -> None:
    hand = teleop()
    for key in keys:
        hand.press(key, 1.0)
    np.testing.assert_allclose(hand.command(1.0), command, atol=1e-12)


def test_every_tap_is_a_command_that_the_policy_knows() -> None:
    for key, (axis, step) in STEPS.items():
        hand = teleop()
        hand.press(key, 0.0)
        assert abs(hand.command(0.0)[axis]) >= LIMITS.cut_off[axis], f"{step} is below the cut-off"


def test_letting_go_of_the_space_bar_zeroes_and_forgets() -> None:
    hand = teleop()
    assert not hand.held(0.0)
    hand.press("w", 0.0)
    for k in range(20):  # a held key repeats
        hand.press(" ", 0.1 * k)
        assert hand.held(0.1 * k)
        assert hand.command(0.1 * k)[0] == pytest.approx(0.1)
    released = 1.9 + HOLD + 0.01
    assert not hand.held(released)
    np.testing.assert_array_equal(hand.command(released), 0.0)
    hand.press(" ", released + 1.0)
    np.testing.assert_array_equal(hand.command(released + 1.0), 0.0)


def test_the_pause_before_a_key_repeats_does_not_release() -> None:
    hand = teleop()
    hand.press(" ", 0.0)
    assert hand.held(0.66), "660 ms is the longest default of common desktops"


@pytest.mark.parametrize("key", ["q", "\x1b"])
def test_leaving(key: str) -> None:
    hand = teleop()
    hand.press("w", 0.0)
    hand.press(key, 0.0)
    assert hand.left
    assert not hand.held(0.0)
    hand.press(" ", 0.0)
    assert not hand.held(0.0), "there is no way back"


def test_keys_without_a_meaning_are_no_sign_of_life() -> None:
    hand = teleop()
    for key in "1kK\x00é":
        hand.press(key, 0.0)
    assert not hand.held(0.0)


@given(st.lists(st.tuples(st.text(max_size=1), st.floats(0.0, 1.0)), max_size=80))
def test_no_key_leaves_the_ranges(presses: list[tuple[str, float]]) -> None:
    hand, now = teleop(), 0.0
    for key, wait in presses:
        now += wait
        hand.press(key, now)
        command = hand.command(now)
        assert np.all(command >= LIMITS.lower)
        assert np.all(command <= LIMITS.upper)
        if not hand.held(now):
            np.testing.assert_array_equal(command, 0.0)
