"""The emulated body: the vendor's torque law, its clamps, and what the modes do."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("mujoco")

from mvp_real.emulators.digit.body import DigitBody, Mode
from mvp_real.robots.digit import load_digit
from mvp_real.robots.digit_link.command import MotorCommand, OperationMode
from mvp_real.robots.digit_link.measurement import Measuring

TABLE = load_digit()


def command(torque: object, velocity: object = 0.0, damping: object = 0.0) -> MotorCommand:
    vectors = [
        np.broadcast_to(np.asarray(value, dtype=np.float64), (20,)).copy()
        for value in (torque, velocity, damping)
    ]
    return MotorCommand(*vectors, OperationMode.DAMPING, True)


def test_the_law_is_torque_plus_damping_towards_the_velocity() -> None:
    body = DigitBody(hold=True)
    body.set_mode(Mode.LOW_LEVEL)
    random = np.random.default_rng(0)
    for _ in range(20):
        given = command(
            random.uniform(-5, 5, 20), random.uniform(-1, 1, 20), random.uniform(0, 2, 20) * TABLE.kd
        )
        body.drive(given)
        before = body.joint_reading().velocity[:20].copy()  # type: ignore[index]
        body.advance(1)
        expected = given.torque + given.damping * (given.velocity - before)
        expected = np.clip(expected, -TABLE.torque_limit, TABLE.torque_limit)
        np.testing.assert_allclose(body.joint_reading().effort[:20], expected, atol=1e-6)  # type: ignore[index]
    assert body.clamped == 0


def test_commands_are_clamped_to_the_motors_limits() -> None:
    body = DigitBody(hold=True)
    body.set_mode(Mode.LOW_LEVEL)
    body.drive(command(1e6 * (-1.0) ** np.arange(20), 1e6, 1e6))
    assert body.clamped == 1
    for _ in range(30):
        body.advance(1)
        effort = body.joint_reading().effort[:20]  # type: ignore[index]
        assert np.all(np.abs(effort) <= TABLE.torque_limit + 1e-9)
    body.drive(command(0.0, 0.0, -5.0))
    assert body.clamped == 2, "negative damping would drive"


def test_modes() -> None:
    body = DigitBody()
    body.advance(200)
    assert body.mode is Mode.LOCOMOTION
    height = body.height
    body.set_mode(Mode.LOW_LEVEL)
    body.advance(10)
    assert 0.0 < body.hoist.support < 1.0, "the hoist lowers as commands take over"
    body.set_mode(Mode.DAMPING)
    body.advance(3000)
    assert body.height < height - 0.15, "damping does not carry it"
    assert np.abs(body.data.qvel).max() < 20.0
    episode = body.episode
    body.set_mode(Mode.LOCOMOTION)
    assert body.episode == episode + 1, "people put it on its feet"
    body.advance(200)
    assert body.height == pytest.approx(height, abs=0.01)
    body.set_mode(Mode.DISABLED)
    body.advance(5)
    np.testing.assert_allclose(body.joint_reading().effort[:20], 0.0)  # type: ignore[index]


def test_what_it_reports_is_what_the_simulator_knows() -> None:
    body = DigitBody()
    body.advance(50)
    body.push(0.3)
    seen = Measuring(TABLE).measure(body.observe(1.0, False), 1.0)
    np.testing.assert_allclose(seen.base.linear_velocity, body.base_reading().linear_velocity, atol=1e-12)
    np.testing.assert_allclose(seen.imu.angular_velocity, body.imu_reading().angular_velocity, atol=1e-12)
    np.testing.assert_array_equal(seen.joints.position, body.joint_reading().position)
    assert seen.base.position[2] == body.height


def test_a_weak_motor_gives_a_share_of_what_it_is_asked_for() -> None:
    body = DigitBody(hold=True)
    body.set_mode(Mode.LOW_LEVEL)
    body.drive(command(10.0))
    body.weaken("left_knee", 0.5)
    body.advance(1)
    effort = body.joint_reading().effort[:20]  # type: ignore[index]
    assert effort[TABLE.motor("left_knee")] == pytest.approx(5.0)
    assert effort[TABLE.motor("right_knee")] == pytest.approx(10.0)
