"""Desired contacts against the sheet's numbers, and the foot targets of a walk."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvp_real.control.locomotion.gait_clock import GaitClock
from mvp_real.errors import MvpRealError
from mvp_real.tasks.digit.gait import Gait, clock, desired_contact, foot_clearance, foot_phases, foot_targets

STANCE = np.array([[-0.05, 0.14], [-0.05, -0.14]])
PHASES = np.linspace(0.0, 1.0, 200, endpoint=False)


@pytest.mark.parametrize(
    ("phase", "contact"),
    [(0, 0.5), (0.02, 0.6915), (0.04, 0.8413), (0.1, 0.9938), (0.25, 1), (0.5, 0.5), (0.52, 0.3085), (0.75, 0),
     (0.98, 0.3085)],
)  # fmt: skip
def test_desired_contact_of_the_sheet(phase: float, contact: float) -> None:
    np.testing.assert_allclose(desired_contact(np.array([phase])), contact, atol=6e-5)


def test_a_foot_is_highest_in_the_middle_of_its_swing() -> None:
    heights = foot_clearance(PHASES, 0.12)
    assert PHASES[heights.argmax()] == pytest.approx(0.75)
    assert heights.max() == pytest.approx(0.12)
    np.testing.assert_allclose(heights[PHASES < 0.5], 0.0)


def test_the_clock_is_the_one_of_the_robot() -> None:
    robot = GaitClock()
    robot.advance(0.3)
    np.testing.assert_allclose(clock(np.array([robot.phase]))[0], robot.observation(), atol=1e-12)
    assert Gait().period == robot.period


def test_standing_feet_move_back_as_fast_as_the_base_ahead() -> None:
    gait, command = Gait(), np.tile([0.6, -0.2, 0.0], (2, 1))
    early, late = foot_targets(np.array([0.1, 0.4]), command, STANCE, gait)[:, 0]
    np.testing.assert_allclose(late[:2] - early[:2], -0.3 * gait.period * command[0, :2])
    assert late[2] == pytest.approx(0.0, abs=1e-3)


def test_a_turn_moves_the_standing_foot_at_a_right_angle_to_its_place() -> None:
    gait, command = Gait(), np.tile([0.0, 0.0, 0.5], (2, 1))
    early, late = foot_targets(np.array([0.1, 0.4]), command, STANCE, gait)[:, 0]
    speed = (late - early)[:2] / (0.3 * gait.period)
    np.testing.assert_allclose(speed, -0.5 * np.array([-STANCE[0, 1], STANCE[0, 0]]), atol=1e-12)


def test_velocity_feedback_puts_the_swinging_foot_where_the_robot_falls_to() -> None:
    phase, command = np.array([0.25]), np.zeros((1, 3))  # the left foot stands, the right one swings
    plain = foot_targets(phase, command, STANCE, Gait())
    fed = foot_targets(phase, command, STANCE, Gait(velocity_gain=0.1), np.array([[0.2, -0.1]]))
    np.testing.assert_allclose((fed - plain)[0], [[0.0, 0.0, 0.0], [0.02, -0.01, 0.0]], atol=1e-8)


@given(
    st.floats(0.0, 1.0, exclude_max=True),
    st.floats(-0.3, 1.0),
    st.floats(-0.3, 0.3),
    st.floats(-1.0, 1.0),
)
def test_the_mirrored_robot_has_mirrored_targets_half_a_period_later(
    phase: float, forward: float, sideways: float, turn: float
) -> None:
    gait = Gait()
    one = foot_targets(np.array([phase]), np.array([[forward, sideways, turn]]), STANCE, gait)
    other = foot_targets(
        np.array([(phase + 0.5) % 1.0]), np.array([[forward, -sideways, -turn]]), STANCE, gait
    )
    np.testing.assert_allclose(other[:, ::-1] * (1.0, -1.0, 1.0), one, atol=1e-9)


def test_feet_are_half_a_period_apart() -> None:
    left, right = foot_phases(PHASES).T
    np.testing.assert_allclose(np.mod(right - left, 1.0), 0.5)


@pytest.mark.parametrize("settings", [{"period": 0.1}, {"clearance": -0.1}, {"contact_deviation": 0.0}])
def test_impossible_gaits_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(MvpRealError, match=next(iter(settings))):
        Gait(**settings)
