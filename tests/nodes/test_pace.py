"""Simulated time follows the wall clock, catches up gently and forgets long pauses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvp_real.errors import MvpRealError
from mvp_real.inference.latency import StartupLatency, TooSlowError
from mvp_real.nodes.pace import CATCH_UP, FORGIVEN, Pace, refuse_slow_start

STEP = 0.01


def run(pace: Pace, walls: list[float]) -> int:
    return sum(pace.due(wall, STEP) for wall in walls)


@given(st.floats(0.1, 20.0))
def test_simulated_time_keeps_the_pace(speed: float) -> None:
    pace = Pace(speed)
    pace.start(100.0)
    period = pace.timer_period(STEP)
    walls = [100.0 + period * k for k in range(1, 1500)]
    simulated = STEP * run(pace, walls)
    assert simulated == pytest.approx(speed * (walls[-1] - 100.0), abs=2 * STEP)


def test_a_slow_image_is_caught_up_at_the_catch_up_pace() -> None:
    pace = Pace(1.0)
    pace.start(0.0)
    period = pace.timer_period(STEP)
    walls = [0.1 + period * k for k in range(30)]  # nothing for 100 ms, then calls as the timer makes them
    steps = run(pace, walls)
    assert steps == pytest.approx(len(walls), abs=1)
    assert period == pytest.approx(STEP / CATCH_UP)


def test_a_long_pause_is_forgotten() -> None:
    pace = Pace(1.0)
    pace.start(0.0)
    walls = [10 * FORGIVEN + 0.001 * k for k in range(100)]
    assert run(pace, walls) <= 12


def test_speeds() -> None:
    assert Pace.parse("lockstep").lockstep
    assert Pace.parse("2.5").speed == 2.5
    for text in ("fast", "0", "-1", "1000", "nan"):
        with pytest.raises(MvpRealError):
            Pace.parse(text)


def test_the_factor_is_simulated_over_wall_time_since_the_last_call() -> None:
    pace = Pace(1.0)
    assert pace.factor(1.0, 5.0) == 0.0
    assert pace.factor(3.0, 6.0) == pytest.approx(0.5)


def test_a_model_must_be_as_fast_as_the_pace_asks() -> None:
    latency = StartupLatency("encoder", 0.05, 0.08, 0.1, 50)
    refuse_slow_start(latency, 0.09, Pace(1.0))
    refuse_slow_start(latency, 0.01, Pace.parse("lockstep"))
    refuse_slow_start(latency, 0.05, Pace(0.5))
    with pytest.raises(TooSlowError, match="speed:=lockstep"):
        refuse_slow_start(latency, 0.09, Pace(2.0))
