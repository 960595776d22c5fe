"""Distances and mean speeds of a walk that is known by construction."""

from __future__ import annotations

import numpy as np
import pytest

from mvp_real.nodes.walk_record import Moment, judge_walk
from mvp_real.nodes.walk_tour import Stretch, Tour, load_tour

TOUR = Tour("there", (Stretch(2.0), Stretch(8.0, forward=0.4), Stretch(4.0, turn=-0.5)))


def moments(until: float = 14.0) -> list[Moment]:
    """Sways by 4 cm at the gait's frequency, walks at 0.3 m/s after a second of speeding up, turns at 0.45 rad/s."""
    found, x = [], 0.0
    for k in range(round(until / 0.02)):
        seconds = 0.02 * k
        stretch = TOUR.at(seconds)
        assert stretch is not None
        speed = 0.0 if stretch != 1 else min(seconds - 2.0, 1.0) * 0.3
        x += 0.02 * speed
        sway = 0.04 * np.sin(2 * np.pi * seconds / 0.8)
        velocity = np.array([speed, 0.0, -0.45 if stretch == 2 else 0.0])
        command = TOUR.stretches[stretch].command
        found.append(Moment(seconds, stretch, np.array([x, sway]), velocity, command, 0.05 + 0.001 * stretch))
    return found


def test_means_begin_when_the_robot_has_settled() -> None:
    result = judge_walk(TOUR, moments(), fell=False, stop="")
    assert [stretch.command[0] for stretch in result.stretches] == [0.0, 0.4, 0.0]
    assert result.stretches[1].mean == pytest.approx((0.3, 0.0, 0.0))
    assert result.stretches[2].mean == pytest.approx((0.0, 0.0, -0.45))
    assert result.largest_tilt == pytest.approx(0.052)


def test_swaying_is_no_distance() -> None:
    result = judge_walk(TOUR, moments(), fell=False, stop="")
    assert result.distance == pytest.approx(0.15 + 7.0 * 0.3, abs=0.05)


def test_the_line_compares_speed_and_command() -> None:
    line = judge_walk(TOUR, moments(), fell=False, stop="").line()
    assert line == "there: 14.0 s, 2.25 m; forward 0.30 of 0.40 m/s; turn 0.45 of 0.50 rad/s; 0 falls"


def test_a_fall_ends_the_walk_early() -> None:
    result = judge_walk(TOUR, moments(until=3.0), fell=True, stop="tilted")
    assert (result.falls, result.stop, len(result.stretches)) == (1, "tilted", 2)
    assert result.stretches[1].mean is None, "it had not settled"
    assert result.line().endswith("1 fall")


def test_a_walk_that_never_began() -> None:
    result = judge_walk(load_tour("stand"), [], fell=False, stop="interrupted")
    assert (result.seconds, result.distance, result.stretches) == (0.0, 0.0, ())
    assert result.plain()["stop"] == "interrupted"
