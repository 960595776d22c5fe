"""Modes, states, brakes and errors of the controller box, tick by tick."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvp_real.emulators.xarm7.controller_box import ONLINE, POSITION, SERVO, VELOCITY, ControllerBox, State
from mvp_real.emulators.xarm7.functions import HANDLERS, MOTIONS, answer
from mvp_real.emulators.xarm7.motion import LARGEST_SPEED, TICK, JointMove
from mvp_real.emulators.xarm7.protocol import ERROR_PENDING, INVALID, NOT_READY, floats

HOME = np.array([0.0, -0.1691, 0.0, 0.8435, 0.0, 1.0126, 0.0, 1.0])


def box(mode: int | None = None, serial: str = "XI130423A01B01") -> ControllerBox:
    """A box; with a mode it is ready to move."""
    made = ControllerBox(HOME, serial)
    if mode is not None:
        made.enable_motion(8, True)
        assert made.set_mode(mode)
        made.set_state(0)
    return made


def run(made: ControllerBox, seconds: float) -> list[np.ndarray]:
    points = []
    for _ in range(round(seconds / TICK)):
        points.append(made.tick())
        made.measure(points[-1], np.append(made.motion.velocity, 0.0))
    return points


def shifted(joint: int, by: float) -> np.ndarray:
    point = HOME[:7].copy()
    point[joint] += by
    return point


def test_power_on_is_stopped_with_brakes() -> None:
    made = box()
    report = made.report()
    assert (report.state, report.mode, report.brakes, report.enabled, report.error) == (4, 0, 0, 0, 0)
    assert not made.ready


def test_the_order_enable_mode_state_makes_it_ready() -> None:
    made = box()
    made.set_state(0)
    assert made.state is State.STOPPED  # the brakes are on
    made.enable_motion(8, True)
    made.set_mode(SERVO)
    assert made.state is State.MODE_CHANGED
    made.set_state(0)
    assert made.state is State.READY
    assert made.report().brakes == 0x7F


def test_servo_points_are_approached_at_full_speed_and_no_faster() -> None:
    made = box(SERVO)
    for k in range(1, 51):
        made.servo(shifted(6, 0.02 * k))  # the last joint turns the tool about itself: its point stays
        run(made, TICK)
    run(made, 0.5)
    assert made.error == 0
    assert made.motion.position[6] == pytest.approx(1.0, abs=1e-9)
    speeds = np.diff(np.array(run(made, 0.1)), axis=0) / TICK
    assert np.max(np.abs(speeds)) <= LARGEST_SPEED + 1e-9


def test_servo_points_in_another_mode_are_taken_without_a_word_and_not_executed() -> None:
    made = box(POSITION)
    assert answer(made, 29, floats([*shifted(0, 0.05), 0.0, 0.0, 0.0])).status == 0
    run(made, 0.2)
    assert made.motion.position[0] == pytest.approx(0.0)


def test_a_joint_beyond_its_range_is_error_23() -> None:
    made = box(SERVO)
    result = answer(made, 29, floats([*shifted(3, 4.0), 0.0, 0.0, 0.0]))
    assert result.status & ERROR_PENDING
    assert made.error == 23
    assert made.state is State.STOPPED


def test_a_leap_of_the_tool_is_error_60_and_small_steps_are_none() -> None:
    made = box(SERVO)
    for k in range(1, 101):  # 0.8 m/s at 100 Hz
        made.servo(shifted(0, k * 0.008 / 0.41))
        run(made, 0.012)
    assert made.error == 0
    made.servo(shifted(0, made.motion.position[0] + 0.1))
    assert made.error == 60


def test_a_stop_brakes_and_drops_the_target() -> None:
    made = box(ONLINE)
    made.move(JointMove(shifted(0, 1.0), 1.5, 10.0))
    run(made, 0.3)
    assert made.state is State.MOVING
    made.set_state(4)
    run(made, 0.5)
    here = made.motion.position[0]
    assert 0.1 < here < 0.6
    run(made, 0.5)
    assert made.motion.position[0] == here
    made.set_state(0)
    run(made, 0.5)
    assert made.motion.position[0] == here


def test_moves_are_queued_in_mode_0_and_replaced_in_mode_6() -> None:
    for mode, queued in ((POSITION, 2), (ONLINE, 1)):
        made = box(mode)
        made.move(JointMove(shifted(0, 0.3), 1.0, 10.0))
        made.move(JointMove(shifted(0, 0.1), 1.0, 10.0))
        assert made.motion.queued == queued
        run(made, 3.0)
        assert made.motion.position[0] == pytest.approx(0.1, abs=1e-4)
        assert made.state is State.READY


def test_a_move_keeps_its_speed_and_acceleration() -> None:
    made = box(POSITION)
    made.move(JointMove(shifted(1, 0.5), 0.8, 4.0))
    points = np.array(run(made, 2.0))[:, 1]
    speed = np.diff(points) / TICK
    assert np.max(speed) <= 0.8 + 1e-6
    assert np.max(np.abs(np.diff(speed) / TICK)) <= 4.0 + 1e-3
    assert np.max(points) <= HOME[1] + 0.5 + 1e-4


def test_a_velocity_ends_after_its_duration() -> None:
    made = box(VELOCITY)
    made.drive(np.array([0.5, 0, 0, 0, 0, 0, 0]), 0.4)
    run(made, 1.0)
    assert made.motion.position[0] == pytest.approx(0.2, abs=0.03)
    assert not made.motion.moving


def test_clearing_an_error_leaves_the_arm_stopped() -> None:
    made = box(SERVO)
    made.raise_error(31)
    assert made.report().brakes == 0x7F  # a collision leaves the motors on
    made.clean_error()
    assert (made.error, made.state) == (0, State.STOPPED)


def test_the_emergency_stop_cuts_power_and_cannot_be_cleared_while_pressed() -> None:
    made = box(SERVO)
    made.press_stop(True)
    made.clean_error()
    made.enable_motion(8, True)
    made.set_state(0)
    assert (made.error, made.report().enabled, made.ready) == (1, 0, False)
    made.press_stop(False)
    assert made.error == 1
    made.clean_error()
    assert made.error == 0


def test_units_from_1305_on_reach_less_far() -> None:
    wide, narrow = box(SERVO), box(SERVO, "XI130523A01B01")
    for made in (wide, narrow):
        for k in range(1, 200):
            if made.error:
                break
            made.servo(shifted(3, -0.005 * k))
            run(made, TICK)
    assert narrow.error == 23
    assert wide.error == 0 or wide.motion.position[3] < -0.1047 + 1e-6


def test_motion_is_refused_while_not_ready() -> None:
    result = answer(box(), 29, floats([*HOME[:7], 0.0, 0.0, 0.0]))
    assert result.status & NOT_READY


@given(
    st.integers(0, 255), st.binary(max_size=64), st.sampled_from([None, SERVO, POSITION, ONLINE, VELOCITY])
)
def test_any_request_is_answered_and_never_teleports_a_joint(
    function: int, payload: bytes, mode: int | None
) -> None:
    made = box(mode)
    result = answer(made, function, payload)
    if function not in HANDLERS and function not in MOTIONS:
        assert result.status & INVALID
    before = made.motion.position.copy()
    for point in run(made, 0.1):
        assert np.all(np.isfinite(point))
        assert np.max(np.abs(point[:7] - before)) <= LARGEST_SPEED * TICK + 1e-9
        before = point[:7]
