"""Terrain and payload by the words of the command line."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("mujoco")

import mujoco

from mvp_real.errors import MvpRealError
from mvp_real.nodes.walk_terrain import check_payload, parse_terrain
from mvp_real.sim.simulated_digit import SimulatedDigit


def height_below(robot: SimulatedDigit, x: float) -> float:
    """Height of the ground at (x, 0), by a ray from above."""
    geom, normal = np.zeros(1, np.int32), np.zeros(3)
    groups = np.array([1, 0, 0, 0, 0, 0], np.uint8)
    start = np.array([x, 0.0, 5.0])
    away = mujoco.mj_ray(
        robot.model, robot.data, start, np.array([0.0, 0.0, -1.0]), groups, 1, -1, geom, normal
    )
    return float(5.0 - away)


def test_a_slope_rises_ahead() -> None:
    robot = SimulatedDigit(parse_terrain("slope=0.08"))
    assert height_below(robot, 1.0) == pytest.approx(0.08, abs=1e-6)
    assert height_below(robot, -1.0) == pytest.approx(-0.08, abs=1e-6)


def test_a_step_lies_ahead() -> None:
    robot = SimulatedDigit(parse_terrain("step=0.04"))
    assert height_below(robot, 1.4) == pytest.approx(0.0)
    assert height_below(robot, 1.6) == pytest.approx(0.04)
    assert height_below(robot, 4.6) == pytest.approx(0.0)


def test_a_plane_is_the_default_of_the_model() -> None:
    assert parse_terrain("plane") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("slop=0.1", "did you mean slope"),
        ("slope", "is written 'slope=GRADIENT'"),
        ("step=high", "is written 'step=METRES'"),
        ("step=2", "out of range"),
        ("slope=nan", "out of range"),
        ("plane=1", "unknown terrain"),
    ],
)
def test_wrong_words_are_refused(text: str, message: str) -> None:
    with pytest.raises(MvpRealError, match=message):
        parse_terrain(text)


def test_payloads() -> None:
    assert check_payload(7.5) == 7.5
    for mass in (-1.0, 21.0, float("nan")):
        with pytest.raises(MvpRealError, match="use 0 to 20"):
            check_payload(mass)
