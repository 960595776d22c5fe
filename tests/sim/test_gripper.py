"""The gripper's dead time and speed, which decide on how many frames of a demonstration "close" is seen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvp_real.sim.gripper import DEAD_TIME, SPEED, GripperServo


def test_waits_then_moves_at_its_speed() -> None:
    servo = GripperServo()
    servo.command(0.0)
    for _ in range(round(DEAD_TIME / 0.004)):
        assert servo.advance(0.004) == 1.0
    for _ in range(25):
        servo.advance(0.004)
    # One step more or less: the dead time ends within a step.
    assert servo.set_point == pytest.approx(1.0 - 0.1 * SPEED, abs=1.5 * 0.004 * SPEED)


def test_open_threshold_is_passed_between_the_third_and_fourth_frame() -> None:
    """At 5 Hz: command on frame 0, still above 0.85 on frames 1 and 2, below on frame 3."""
    servo = GripperServo()
    servo.command(0.0)
    seen = []
    for step in range(1, 151):
        servo.advance(0.004)
        if step % 50 == 0:
            seen.append(servo.set_point > 0.85)
    assert seen == [True, True, False]
    # And on that frame the fingers are on the widest as on the thinnest fruit: the lift may begin at once.
    assert servo.set_point < 0.034 / 0.085


def test_repeating_a_command_does_not_wait_again() -> None:
    servo = GripperServo()
    for _ in range(500):
        servo.command(0.0)
        servo.advance(0.004)
    assert servo.set_point == 0.0


@given(st.lists(st.floats(-1, 2), min_size=1, max_size=8))
def test_set_point_stays_in_range(commands: list[float]) -> None:
    servo = GripperServo()
    for command in commands:
        servo.command(command)
        for _ in range(150):
            assert 0.0 <= servo.advance(0.004) <= 1.0
