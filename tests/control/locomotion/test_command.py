"""Commands: ranges and cut-offs of table 6.2, slew, and what happens when nobody speaks any more."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvp_real.control.locomotion.command import CommandLimits, VelocityCommand
from mvp_real.errors import MvpRealError
from mvp_real.tasks.digit.commands import CommandRanges

TICK = 0.02
LIMITS = CommandLimits()


def settle(command: VelocityCommand, wanted: tuple[float, float, float], now: float = 0.0) -> float:
    """Say the same until it has arrived; returns the time."""
    for k in range(200):
        command.take(np.array(wanted), now + k * TICK)
        command.advance(TICK, now + k * TICK)
    return now + 199 * TICK


def test_the_ranges_are_those_of_training() -> None:
    ranges = CommandRanges()
    assert tuple(zip(LIMITS.lower, LIMITS.upper, strict=True)) == (
        ranges.forward,
        ranges.sideways,
        ranges.turn,
    )
    assert LIMITS.cut_off == ranges.cut_off


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ((2.0, 1.0, 9.0), (1.0, 0.3, 1.0)),
        ((-2.0, -1.0, -9.0), (-0.3, -0.3, -1.0)),
        ((0.0999, -0.0999, 0.2599), (0.0, 0.0, 0.0)),
        ((0.10, -0.10, 0.26), (0.10, -0.10, 0.26)),
        ((0.4, 0.05, -0.5), (0.4, 0.0, -0.5)),
    ],
)
def test_clip_and_cut_off(wanted: tuple[float, float, float], told: tuple[float, float, float]) -> None:
    command = VelocityCommand()
    settle(command, wanted)
    np.testing.assert_allclose(command.current, told, atol=1e-12)


def test_a_step_is_slewed_at_half_a_metre_per_second_squared() -> None:
    command = VelocityCommand()
    command.take(np.array([1.0, 0.0, 1.0]), 0.0)
    values = []
    for k in range(1, 101):
        command.take(np.array([1.0, 0.0, 1.0]), k * TICK)
        values.append(command.advance(TICK, k * TICK))
    assert values[3][0] == 0.0, "0.04 m/s is below the cut-off"
    np.testing.assert_allclose(values[49], [0.5, 0.0, 1.0], atol=1e-9)
    np.testing.assert_allclose(values[99], [1.0, 0.0, 1.0], atol=1e-9)


def test_an_old_command_fades_at_half_a_metre_per_second_squared() -> None:
    command = VelocityCommand()
    last = settle(command, (1.0, 0.0, 0.0))
    now = last
    while now + TICK <= last + 0.5:
        now += TICK
        assert command.advance(TICK, now)[0] == 1.0
    values = []
    for _ in range(100):
        now += TICK
        values.append(float(command.advance(TICK, now)[0]))
    assert values[0] == pytest.approx(0.99)
    assert values[49] == pytest.approx(0.5)
    assert values[-1] == 0.0
    assert command.age(now) > 2.0


def test_a_command_that_is_not_finite_is_as_if_it_had_not_come() -> None:
    command = VelocityCommand()
    last = settle(command, (0.5, 0.0, 0.0))
    assert not command.take(np.array([np.nan, 0.0, 0.0]), last + 0.4)
    assert not command.take(np.array([0.5, 0.0]), last + 0.4)
    assert command.refused == 2
    assert command.advance(TICK, last + 0.52)[0] < 0.5, "the age counts from the last good one"


def test_forgetting_stands_still_at_once() -> None:
    command = VelocityCommand()
    last = settle(command, (0.5, 0.2, 0.5))
    command.forget()
    np.testing.assert_array_equal(command.current, 0.0)
    np.testing.assert_array_equal(command.advance(TICK, last + TICK), 0.0)
    assert command.age(last) == math.inf


@given(
    st.lists(
        st.tuples(
            st.lists(st.floats(-3, 3) | st.just(math.nan), min_size=3, max_size=3),
            st.floats(0.0, 0.7),
            st.booleans(),
        ),
        max_size=60,
    ),
    st.floats(0.1, 1.0),
)
def test_whatever_is_said_the_policy_only_hears_what_it_was_trained_on(
    steps: list[tuple[list[float], float, bool]], speed: float
) -> None:
    limits = LIMITS.slower(speed)
    command = VelocityCommand(limits)
    now, before = 0.0, np.zeros(3)
    for wanted, wait, speaks in steps:
        now += wait
        if speaks:
            command.take(np.array(wanted), now)
        told = command.advance(wait, now)
        assert np.all(told >= np.array(limits.lower) - 1e-12)
        assert np.all(told <= np.array(limits.upper) + 1e-12)
        assert np.all((told == 0.0) | (np.abs(told) >= np.array(limits.cut_off) - 1e-9))
        jump = np.array(limits.slew) * wait + np.array(limits.cut_off)  # into or out of the dead band
        assert np.all(np.abs(told - before) <= jump + 1e-9)
        assert np.all(np.abs(told[:2]) <= max(speed, 0.0) + 1e-12)
        before = told


def test_a_speed_below_the_cut_off_is_refused() -> None:
    with pytest.raises(MvpRealError, match=r"largest speed is 0\.05"):
        LIMITS.slower(0.05)
    with pytest.raises(MvpRealError, match="largest speed is nan"):
        LIMITS.slower(math.nan)
