"""The way home passes the limiter that every other command passes."""

from __future__ import annotations

import numpy as np
import pytest

from mvp_real.errors import MvpRealError
from mvp_real.messages import JointReading, JointTarget
from mvp_real.robots.homing import WayHome, homing_targets
from mvp_real.robots.safety import DriverState, Limiter, Limits
from mvp_real.robots.table import load_robot
from mvp_real.robots.verdict import Verdict

TABLE = load_robot("xarm7")
LIMITS = Limits.from_table(TABLE)


def test_homing_ends_at_home_at_limited_speed_without_a_clamp() -> None:
    measured = TABLE.home + np.array([0.6, 0.1, -0.3, 0.2, 0.4, -0.2, 1.5, -1.0])
    limiter = Limiter(LIMITS)
    now = 0.0
    limiter.enable(JointReading(TABLE.joint_names, measured, None, now), now)
    previous = measured
    for target in homing_targets(measured, LIMITS):
        assert np.max(np.abs(target - previous)[:7]) <= 0.5 * 0.15 + 1e-9
        now += LIMITS.period
        reading = JointReading(TABLE.joint_names, previous, None, now)
        verdict = limiter.command(JointTarget(TABLE.joint_names, target, now, LIMITS.period), reading, now)
        assert (verdict.state, verdict.clamped) == (DriverState.RUNNING, False)
        previous = target
    assert np.allclose(previous, TABLE.home)


def test_at_home_there_is_one_target() -> None:
    assert len(list(homing_targets(TABLE.home, LIMITS))) == 1


def test_a_share_out_of_range_is_refused() -> None:
    with pytest.raises(MvpRealError, match="homing share is 0"):
        list(homing_targets(TABLE.home, LIMITS, share=0.0))


class Robot:
    """Takes the targets of the way home; `refuses` of the next ones."""

    def __init__(self) -> None:
        self.taken: list[tuple[float, np.ndarray]] = []
        self.refuses = 0

    def send(self, target: JointTarget) -> Verdict:
        if self.refuses:
            self.refuses -= 1
            return Verdict(None, DriverState.HOLD, False, "joints are too old")
        self.taken.append((target.stamp, target.position))
        return Verdict(target.position, DriverState.RUNNING, False, "")


def feed(way: WayHome, robot: Robot, times: np.ndarray, state: DriverState = DriverState.RUNNING) -> None:
    for now in times:
        way.feed(float(now), state, robot.send)


def far() -> np.ndarray:
    return TABLE.home + np.array([0.6, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])


def test_each_step_is_sent_once_and_a_refused_one_again() -> None:
    way, robot = WayHome(), Robot()
    way.begin(far(), LIMITS, 5.0)
    feed(way, robot, np.arange(5.0, 5.3, 0.01))
    robot.refuses = 2
    feed(way, robot, np.arange(5.3, 9.0, 0.01))
    expected = list(homing_targets(far(), LIMITS))
    assert len(robot.taken) == len(expected)
    assert all(np.array_equal(a, b) for (_, a), b in zip(robot.taken, expected, strict=True))
    assert not way.under_way


def test_after_a_pause_steps_keep_their_distance() -> None:
    way, robot = WayHome(), Robot()
    way.begin(far(), LIMITS, 0.0)
    feed(way, robot, np.array([0.0, 0.2, 1.11, 1.12, 1.13, 1.32]))
    stamps = [stamp for stamp, _ in robot.taken]
    assert stamps == [0.0, 0.2, 1.11, 1.32]


@pytest.mark.parametrize("state", [DriverState.STOPPED, DriverState.DISABLED])
def test_the_way_ends_where_the_robot_may_not_move(state: DriverState) -> None:
    way, robot = WayHome(), Robot()
    way.begin(far(), LIMITS, 0.0)
    feed(way, robot, np.array([0.0]))
    feed(way, robot, np.array([0.2]), state)
    assert not way.under_way
    assert len(robot.taken) == 1
