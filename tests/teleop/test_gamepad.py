"""Events of a joystick device as a velocity command with a dead-man switch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvp_real.control.locomotion.command import CommandLimits
from mvp_real.teleop.gamepad import AXIS, BUTTON, DEADMAN_BUTTON, EVENT, INITIAL, QUIT_BUTTON, Gamepad

LIMITS = CommandLimits()


def gamepad(*events: tuple[int, int, int]) -> Gamepad:
    """A gamepad after events of (value, kind, number)."""
    pad = Gamepad(LIMITS.lower, LIMITS.upper)
    pad.feed(b"".join(EVENT.pack(0, *event) for event in events))
    return pad


HELD = (1, BUTTON, DEADMAN_BUTTON)


def test_sticks_mean_nothing_unless_the_shoulder_button_is_held() -> None:
    pad = gamepad((-32767, AXIS, 1))
    np.testing.assert_array_equal(pad.command(), 0.0)
    pad.feed(EVENT.pack(0, *HELD))
    np.testing.assert_allclose(pad.command(), [1.0, 0.0, 0.0])
    pad.feed(EVENT.pack(0, 0, BUTTON, DEADMAN_BUTTON))
    assert not pad.held
    np.testing.assert_array_equal(pad.command(), 0.0)


@pytest.mark.parametrize(
    ("axis", "value", "command"),
    [
        (1, -32767, (1.0, 0.0, 0.0)),
        (1, 32767, (-0.3, 0.0, 0.0)),
        (0, -32767, (0.0, 0.3, 0.0)),
        (0, 32767, (0.0, -0.3, 0.0)),
        (3, -32767, (0.0, 0.0, 1.0)),
        (3, -32768, (0.0, 0.0, 1.0)),
        (3, 32767, (0.0, 0.0, -1.0)),
        (1, -3900, (0.0, 0.0, 0.0)),
        (5, -32767, (0.0, 0.0, 0.0)),
    ],
)
def test_full_deflection_is_the_end_of_the_range(axis: int, value: int, command: tuple[float, ...]) -> None:
    np.testing.assert_allclose(gamepad(HELD, (value, AXIS, axis)).command(), command)


def test_half_a_stick_is_about_half_the_speed() -> None:
    half = gamepad(HELD, (-16384, AXIS, 1)).command()[0]
    assert half == pytest.approx((0.5 - 0.12) / 0.88, abs=1e-3)


def test_initial_events_tell_the_state_but_quit_nothing() -> None:
    assert gamepad((1, BUTTON | INITIAL, DEADMAN_BUTTON)).held
    assert not gamepad((1, BUTTON | INITIAL, QUIT_BUTTON)).left
    pad = gamepad(HELD, (1, BUTTON, QUIT_BUTTON))
    assert pad.left
    assert not pad.held


def test_a_gamepad_that_is_unplugged_holds_nothing() -> None:
    pad = gamepad(HELD, (-32767, AXIS, 1))
    pad.lose()
    assert not pad.held
    np.testing.assert_array_equal(pad.command(), 0.0)


@given(st.binary(max_size=400), st.integers(1, 9))
def test_any_bytes_in_any_pieces_give_a_command_within_the_ranges(data: bytes, size: int) -> None:
    whole, pieces = Gamepad(LIMITS.lower, LIMITS.upper), Gamepad(LIMITS.lower, LIMITS.upper)
    whole.feed(data)
    for start in range(0, len(data), size):
        pieces.feed(data[start : start + size])
    np.testing.assert_array_equal(whole.command(), pieces.command())
    assert whole.held == pieces.held
    assert np.all(whole.command() >= LIMITS.lower)
    assert np.all(whole.command() <= LIMITS.upper)
