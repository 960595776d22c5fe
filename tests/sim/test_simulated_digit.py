"""The simulated Digit behind its driver: who holds it when, what the motors do, and what stops it."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("mujoco")

from mvp_real.messages import PdCommand
from mvp_real.robots.digit import load_digit
from mvp_real.robots.verdict import DriverState
from mvp_real.sim.simulated_digit import SimulatedDigit

TABLE = load_digit()
TICK = 20


def stand(robot: SimulatedDigit) -> PdCommand:
    return PdCommand(TABLE.default_pose, TABLE.kp, TABLE.kd, robot.now)


def test_the_hoist_carries_a_robot_that_nobody_commands() -> None:
    robot = SimulatedDigit()
    height = robot.height
    robot.advance(1000)
    assert robot.now == pytest.approx(2.0)
    assert robot.state is DriverState.DISABLED
    assert abs(robot.height - height) < 0.01
    assert robot.contact_forces().max() < 60.0, "the soles hardly touch"
    assert np.abs(robot.joint_reading().position[:20] - TABLE.default_pose).max() < 0.05
    np.testing.assert_allclose(robot.imu_reading().orientation, [1, 0, 0, 0], atol=0.01)
    np.testing.assert_allclose(robot.linear_acceleration(), [0, 0, 9.81], atol=0.3)


def test_the_hoist_lowers_with_the_first_command_and_a_standing_posture_falls() -> None:
    """Why a hoist is needed at all: nominal gains and fixed toes cannot stand."""
    robot = SimulatedDigit()
    robot.advance(200)
    assert robot.enable().state is DriverState.RUNNING
    robot.advance(500)
    assert robot.hoist.support == 1.0, "enabled, but nobody commands yet"
    for _ in range(25):
        robot.command(stand(robot))
        robot.advance(TICK)
    assert robot.hoist.support == pytest.approx(0.0, abs=1e-9)
    for _ in range(100):
        robot.command(stand(robot))
        robot.advance(TICK)
    assert robot.state is DriverState.FALLEN
    assert "the limit is" in robot.reason
    output = robot.limiter.output
    assert output is not None
    np.testing.assert_array_equal(output.kp, 0.0)
    robot.advance(500)
    assert np.abs(robot.data.qvel).max() < 20.0, "it sinks, damped"
    assert robot.home().state is DriverState.FALLEN, "not before the fault is cleared"
    assert robot.enable().state is DriverState.FALLEN
    robot.clear_fault()
    assert robot.enable().state is DriverState.DISABLED, "a robot on the ground is not enabled"
    robot.home()
    robot.advance(200)
    assert robot.episode == 2
    assert robot.enable().state is DriverState.RUNNING


def test_the_motors_law_in_the_physics_is_the_limiters() -> None:
    robot = SimulatedDigit(hold=True)
    robot.enable()
    random = np.random.default_rng(1)
    for _ in range(20):
        shift = random.uniform(-0.2, 0.2, 20)
        gains = random.uniform(0.5, 1.5, 20)
        robot.command(PdCommand(TABLE.default_pose + shift, gains * TABLE.kp, gains * TABLE.kd, robot.now))
        robot.advance(TICK - 1)
        before = robot.joint_reading()
        assert before.velocity is not None
        robot.advance(1)
        expected = robot.limiter.torque(before.position[:20], before.velocity[:20])
        np.testing.assert_allclose(robot.joint_reading().effort[:20], expected, atol=1e-6)  # type: ignore[index]


def test_no_motor_ever_exceeds_its_torque() -> None:
    robot = SimulatedDigit()
    robot.enable()
    random = np.random.default_rng(2)
    for _ in range(60):
        wild = PdCommand(random.uniform(-3, 3, 20), 9 * TABLE.kp, 0 * TABLE.kd, robot.now)
        robot.command(stand(robot) if robot.limiter.output is None else wild)
        for _ in range(TICK):
            robot.advance(1)
            assert np.all(np.abs(robot.joint_reading().effort[:20]) <= TABLE.torque_limit + 1e-9)  # type: ignore[index]


def test_silence_damps() -> None:
    robot = SimulatedDigit(hold=True)
    robot.enable()
    robot.command(stand(robot))
    robot.advance(95)
    assert robot.state is DriverState.RUNNING
    robot.advance(10)
    assert robot.state is DriverState.STOPPED
    assert robot.reason == "no command for 0.10 s"


def test_disabling_catches_the_robot_where_it_is() -> None:
    robot = SimulatedDigit()
    robot.advance(200)
    robot.enable()
    for _ in range(10):
        robot.command(stand(robot))
        robot.push(0.05)
        robot.advance(TICK)
    robot.disable()
    place = robot.base_reading().position[:2]
    robot.advance(1000)
    assert robot.state is DriverState.DISABLED
    assert robot.height > 1.0
    assert np.linalg.norm(robot.base_reading().position[:2] - place) < 0.1


def test_faults_of_the_robot() -> None:
    robot = SimulatedDigit(hold=True)
    knee = TABLE.motor("left_knee")
    robot.weaken("left_knee", 0.5)
    robot.advance(1)
    assert robot.model.actuator_gainprm[knee, 0] == pytest.approx(70.0)
    assert robot.model.actuator_gainprm[knee + 6, 0] == pytest.approx(140.0)
    robot.weaken("left_knee", 1.0)
    robot.advance(1)
    assert robot.model.actuator_gainprm[knee, 0] == pytest.approx(140.0)
    robot.push(0.4)
    np.testing.assert_allclose(robot.base_reading().linear_velocity, [0, 0.4, 0], atol=0.02)


def test_a_payload_weighs() -> None:
    light, heavy = SimulatedDigit(), SimulatedDigit(payload=10.0)
    gain = heavy.model.body_subtreemass[0] - light.model.body_subtreemass[0]
    assert gain == pytest.approx(10.0)
    heavy.advance(500)
    assert abs(heavy.height - light.height) < 0.01, "the hoist carries it too"
