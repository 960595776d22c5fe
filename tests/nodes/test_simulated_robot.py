"""The robot's clock never restarts, while its worlds do."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("mujoco")

from mvp_real.messages import JointTarget
from mvp_real.nodes.simulated_robot import SimulatedRobot
from mvp_real.robots.limits import Limits
from mvp_real.robots.table import load_robot
from mvp_real.robots.verdict import DriverState
from mvp_real.tasks.pick_fruit import validation_setups
from mvp_real.tasks.pick_fruit_world import PickFruitWorld


@pytest.fixture(scope="module")
def world() -> PickFruitWorld:
    return PickFruitWorld(scene_camera=False)


@pytest.fixture
def robot(world: PickFruitWorld) -> SimulatedRobot:
    robot = SimulatedRobot(world)
    robot.reset(validation_setups("plain")[0], Limits.from_table(load_robot("xarm7")))
    return robot


def target(robot: SimulatedRobot, turn: float, age: float = 0.0) -> JointTarget:
    position = robot.reading().position.copy()
    position[6] += turn
    position[7] = 1.0
    return JointTarget(robot.reading().names, position, robot.now - age, 0.2)


def test_the_world_stands_still_until_enable_and_starts_on_the_grid(robot: SimulatedRobot) -> None:
    robot.advance(130)
    assert robot.world.time == 0.0
    assert robot.reading().stamp == robot.now
    assert robot.enable().state is DriverState.RUNNING
    robot.advance(70)
    assert robot.milliseconds % 200 == 0
    assert robot.world.time == 0.0
    robot.advance(10)
    assert robot.world.time == pytest.approx(0.01)


def test_the_clock_goes_on_over_a_reset(robot: SimulatedRobot) -> None:
    robot.enable()
    robot.advance(400)
    before, episode = robot.milliseconds, robot.episode
    robot.reset(validation_setups("plain")[1], Limits.from_table(load_robot("xarm7")))
    assert (robot.milliseconds, robot.episode) == (before, episode + 1)
    assert robot.world.time == 0.0
    robot.advance(50)
    assert robot.world.time == 0.0


def test_commands_are_judged_by_their_age_on_the_robots_clock(robot: SimulatedRobot) -> None:
    robot.enable()
    robot.align()
    robot.advance(600)
    assert "command comes from 0.410 s ago" in robot.command(target(robot, 0.02, age=0.41)).reason
    assert robot.command(target(robot, 0.02, age=0.05)).position is not None
    before = robot.reading().position[6]
    for _ in range(5):
        robot.command(target(robot, 0.02))
        robot.advance(200)
    assert robot.reading().position[6] - before > 0.05


@pytest.mark.parametrize("jump", [1.0, -0.5])
def test_the_world_does_not_notice_a_clock_jump(robot: SimulatedRobot, jump: float) -> None:
    robot.advance(1000)
    robot.enable()
    robot.align()
    robot.advance(200)
    world_time, clock = robot.world.time, robot.now
    robot.jump(jump)
    assert robot.now == pytest.approx(clock + jump)
    robot.advance(10)
    assert robot.world.time == pytest.approx(world_time + 0.01)


@pytest.mark.render
def test_frames_are_numbered_and_stamped(robot: SimulatedRobot) -> None:
    first = robot.frame()
    robot.advance(200)
    second = robot.frame()
    assert first.image.shape == (480, 640, 3)
    assert second.sequence == first.sequence + 1
    assert second.stamp - first.stamp == pytest.approx(0.2)
    half_view = np.degrees(np.arctan(240 / robot.focal_length(480)))
    assert 2 * half_view == pytest.approx(float(robot.world.model.camera("gripper/wrist").fovy[0]))
    assert robot.oracle().tokens.shape[0] == 1
    assert np.isfinite(robot.oracle().tokens).all()
