"""No point asks for more than the limits, whatever the ticks and the targets do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mvp_real.robots.table import load_robot
from mvp_real.robots.xarm7.servo_stream import LARGEST_GAP, TOOL_SPEED, ServoStream

TABLE = load_robot("xarm7")
PERIOD = 0.01
late = st.floats(0.0, 0.2) | st.just(0.0) | st.just(PERIOD)


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(arrays(np.float64, 7, elements=st.floats(-0.15, 0.15)), st.lists(late, max_size=25)),
        min_size=1,
        max_size=6,
    )
)
def test_steps_keep_joint_and_tool_speed(moves: list[tuple[np.ndarray, list[float]]]) -> None:
    stream = ServoStream(TABLE, PERIOD)
    stream.start(TABLE.home, 0.0)
    now, target, before = 0.0, TABLE.home.copy(), TABLE.home[:-1]
    for step, gaps in moves:
        target = np.clip(target + np.append(step, 0.0), TABLE.lower, TABLE.upper)
        stream.set_target(target, 0.2)
        for gap in gaps:
            now += gap
            point = stream.next(now)
            allowed = min(gap, LARGEST_GAP * PERIOD)
            assert np.all(np.abs(point - before) <= TABLE.velocity_limit * allowed * 1.001 + 1e-9)
            way = TABLE.tool_pose(point)[:3, 3] - TABLE.tool_pose(before)[:3, 3]
            assert np.linalg.norm(way) <= TOOL_SPEED * allowed * 1.001 + 1e-9
            before = point


def test_it_arrives_in_time_when_nothing_is_late() -> None:
    stream = ServoStream(TABLE, PERIOD)
    stream.start(TABLE.home, 0.0)
    goal = TABLE.home.copy()
    goal[0] += 0.05
    stream.set_target(goal, 0.2)
    assert not stream.resting
    points = [stream.next(PERIOD * k) for k in range(1, 16)]
    assert points[-1] == pytest.approx(goal[:-1], abs=1e-9)
    assert stream.resting
    assert (stream.slowed, stream.clamped) == (0, 0)


def test_a_stall_makes_the_trajectory_wait() -> None:
    stream = ServoStream(TABLE, PERIOD)
    stream.start(TABLE.home, 0.0)
    goal = TABLE.home.copy()
    goal[0] += 0.05
    stream.set_target(goal, 0.2)
    stream.next(0.07)  # the peak of the speed, as far as the stalled thread knows
    after = stream.next(0.5)
    assert after[0] - TABLE.home[0] < 0.01
    for k in range(60):
        after = stream.next(0.5 + PERIOD * k)
    assert after == pytest.approx(goal[:-1], abs=1e-9)


def test_too_fast_a_tool_is_slowed_on_its_path() -> None:
    start = np.array([0.0, 0.5, 0.0, 0.7, 0.0, 0.2, 0.0, 1.0])  # stretched out, so that the tool is far away
    stream = ServoStream(TABLE, PERIOD)
    stream.start(start, 0.0)
    goal = start.copy()
    goal[[0, 1]] += 0.15, -0.15
    stream.set_target(goal, 0.2)
    points = np.array([stream.next(PERIOD * k) for k in range(1, 60)])
    assert stream.slowed > 0
    assert stream.clamped == 0
    assert points[-1] == pytest.approx(goal[:-1], abs=1e-9)
    moved = points - start[:-1]
    assert moved[:, 0] == pytest.approx(-moved[:, 1], abs=1e-9)  # straight in joint space


def test_braking_ends_on_the_way() -> None:
    stream = ServoStream(TABLE, PERIOD)
    stream.start(TABLE.home, 0.0)
    goal = TABLE.home.copy()
    goal[0] += 0.1
    stream.set_target(goal, 0.2)
    for k in range(1, 8):
        at = stream.next(PERIOD * k)
    stream.brake()
    for k in range(8, 40):
        end = stream.next(PERIOD * k)
    assert stream.resting
    assert at[0] < end[0] < goal[0]


def test_the_gripper_has_no_target_before_the_first_one() -> None:
    stream = ServoStream(TABLE, PERIOD)
    holding = np.append(TABLE.home[:-1], 0.4)  # fingers on a fruit, measured
    stream.start(holding, 0.0)
    assert stream.gripper is None
    stream.set_target(np.append(TABLE.home[:-1], 0.0), 0.2)
    assert stream.gripper == 0.0
    stream.brake()
    assert stream.gripper == 0.0
