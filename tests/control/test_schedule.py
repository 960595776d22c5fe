"""Ticks on a grid: late ones run late, missed ones are dropped and never caught up."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvp_real.control.schedule import TickSchedule
from mvp_real.errors import MvpRealError


def test_ticks_lie_on_the_grid_of_period_and_phase() -> None:
    schedule = TickSchedule(0.2, phase=0.04)
    assert schedule.next(0.0) == pytest.approx(0.04)
    assert schedule.next(0.04) == pytest.approx(0.24)
    assert schedule.due(0.241) == pytest.approx(0.24)
    assert schedule.due(0.442) == pytest.approx(0.44)


def test_a_second_call_in_the_same_period_is_no_tick() -> None:
    schedule = TickSchedule(0.2)
    assert schedule.due(1.0) is not None
    assert schedule.due(1.1) is None
    assert schedule.due(1.2) is not None


def test_missed_ticks_are_dropped_and_not_bunched() -> None:
    schedule = TickSchedule(0.2)
    schedule.due(1.0)
    # The process stood still until 1.75: the ticks at 1.2 and 1.4 are gone, that of 1.6 runs late.
    ticks = [schedule.due(now) for now in (1.75, 1.76, 1.77, 1.8, 2.0)]
    assert [t if t is None else round(t, 3) for t in ticks] == [1.6, None, None, 1.8, 2.0]
    statistics = schedule.statistics()
    assert (statistics.ticks, statistics.dropped) == (4, 2)
    assert statistics.largest == pytest.approx(0.15)
    assert statistics.on_time == pytest.approx(0.75)


def test_a_timer_may_come_slightly_early() -> None:
    schedule = TickSchedule(0.2)
    assert schedule.due(0.995) == pytest.approx(1.0)
    assert schedule.due(1.001) is None


def test_a_clock_that_goes_back_starts_the_grid_anew() -> None:
    schedule = TickSchedule(0.2)
    schedule.due(10.0)
    assert schedule.due(9.9) is None
    assert schedule.due(5.0) == pytest.approx(5.0)
    assert schedule.due(5.2) == pytest.approx(5.2)
    assert schedule.statistics().dropped == 0


@given(st.lists(st.floats(0.001, 1.0), max_size=60))
def test_ticks_are_never_closer_than_the_grid_and_all_are_accounted_for(waits: list[float]) -> None:
    schedule = TickSchedule(0.2)
    now, scheduled = 0.0, [schedule.due(0.0)]
    for wait in waits:
        now += wait
        tick = schedule.due(now)
        if tick is not None:
            scheduled.append(tick)
    indices = [round(t / 0.2) for t in scheduled if t is not None]
    assert all(later > earlier for earlier, later in pairwise(indices))
    statistics = schedule.statistics()
    assert statistics.ticks + statistics.dropped == indices[-1] - indices[0] + 1


def test_nothing_is_reported_before_the_first_tick_and_nonsense_is_refused() -> None:
    assert TickSchedule(0.2).statistics().ticks == 0
    with pytest.raises(MvpRealError, match="control period is 0"):
        TickSchedule(0.0)
