"""The simulated driver: limiter first, interpolated motion, latched stops, homing through the limiter."""

from __future__ import annotations

import numpy as np
import pytest

from mvp_real.errors import MvpRealError
from mvp_real.messages import JointTarget
from mvp_real.robots.driver import RobotDriver
from mvp_real.robots.verdict import DriverState
from mvp_real.sim.simulated_arm import SimulatedArm
from mvp_real.tasks.pick_fruit import random_setup
from mvp_real.tasks.pick_fruit_world import PickFruitWorld


@pytest.fixture
def arm(world: PickFruitWorld) -> SimulatedArm:
    world.reset(random_setup(0, "plain", "trial"))
    return SimulatedArm(world)


def target(arm: SimulatedArm, delta: float = 0.0, gripper: float = 1.0, joint: int = 0) -> JointTarget:
    reading = arm.read()
    position = reading.position.copy()
    position[joint] += delta
    position[7] = gripper
    return JointTarget(reading.names, position, arm.world.time, 0.2)


def test_is_a_robot_driver(arm: SimulatedArm) -> None:
    driver: RobotDriver = arm
    assert driver.state is DriverState.DISABLED
    assert driver.diagnostics()["state"] == "disabled"


def test_does_not_move_before_enable(arm: SimulatedArm) -> None:
    before = arm.read().position
    assert arm.command(target(arm, 0.1)).position is None
    arm.advance(0.2)
    np.testing.assert_allclose(arm.read().position, before, atol=1e-3)


def test_reaches_its_target_and_comes_to_rest(arm: SimulatedArm) -> None:
    """The set-point arrives after 70 % of the period; the servo follows with a time constant of kv / kp =
    0.1 s.
    """
    arm.enable()
    wanted = target(arm, 0.06)
    start = arm.read().position[0]
    assert arm.command(wanted).state is DriverState.RUNNING
    arm.advance(0.2)
    assert 0.7 * 0.06 < arm.read().position[0] - start < 0.06
    arm.advance(0.3)
    assert arm.read().position[0] == pytest.approx(wanted.position[0], abs=2e-3)
    assert np.abs(arm.read().velocity[:7]).max() < 0.02  # type: ignore[index]


def test_large_steps_are_clamped(arm: SimulatedArm) -> None:
    arm.enable()
    before = arm.read().position[0]
    verdict = arm.command(target(arm, 0.149))
    assert verdict.position is not None
    arm.advance(0.2)
    arm.command(target(arm, 1.0))  # rejected or clamped, never executed
    arm.advance(0.4)
    assert arm.read().position[0] - before < 0.35


def test_nan_is_rejected_and_the_arm_holds(arm: SimulatedArm) -> None:
    arm.enable()
    before = arm.read().position
    assert arm.command(target(arm, float("nan"))).state is DriverState.HOLD
    arm.advance(0.2)
    np.testing.assert_allclose(arm.read().position[:7], before[:7], atol=2e-3)


def test_stop_brakes_and_latches(arm: SimulatedArm) -> None:
    arm.enable()
    arm.command(target(arm, 0.14))
    arm.advance(0.06)
    moving = arm.read().position[0]
    arm.stop("a test says so")
    arm.advance(0.4)
    assert arm.state is DriverState.STOPPED
    assert abs(arm.read().position[0] - moving) < 0.08
    assert arm.diagnostics()["last stop"] == "a test says so"
    assert arm.enable().state is DriverState.STOPPED
    assert arm.command(target(arm, 0.1)).position is None
    arm.clear_fault()
    assert arm.state is DriverState.DISABLED
    assert arm.enable().state is DriverState.RUNNING


def test_silence_holds(arm: SimulatedArm) -> None:
    arm.enable()
    arm.command(target(arm, 0.02))
    arm.advance(0.6)
    assert arm.state is DriverState.HOLD


def test_blocked_arm_stops(arm: SimulatedArm) -> None:
    """Press the tool against the table: the servo cannot follow, or the workspace check refuses first."""
    arm.enable()
    arm.world.data.xfrc_applied[arm.world.model.body("link5").id, 0] = 400.0  # type: ignore[attr-defined]
    for _ in range(8):
        arm.command(target(arm, 0.0))
        arm.advance(0.2)
        if arm.state is DriverState.STOPPED:
            break
    arm.world.data.xfrc_applied[:] = 0.0  # type: ignore[attr-defined]
    assert arm.state is DriverState.STOPPED
    assert "blocked or lagging" in arm.diagnostics()["last stop"]


def test_home_moves_to_the_start_pose_through_the_limiter(arm: SimulatedArm) -> None:
    arm.enable()
    for _ in range(3):
        arm.command(target(arm, 0.1, joint=6))
        arm.advance(0.2)
    arm.home()
    assert arm.homing
    assert arm.command(target(arm, 0.1)).reason == "on the way home"
    for _ in range(60):
        arm.advance(0.2)
        if not arm.homing:
            break
    assert not arm.homing
    np.testing.assert_allclose(arm.read().position[:7], arm.limits.table.home[:7], atol=0.01)
    assert int(arm.diagnostics()["accepted"]) > 3


def test_home_is_refused_while_stopped(arm: SimulatedArm) -> None:
    arm.enable()
    arm.stop("fault")
    assert arm.home().state is DriverState.STOPPED
    assert not arm.homing


def test_gripper_follows_the_command(arm: SimulatedArm) -> None:
    arm.enable()
    openings = []
    for _ in range(8):
        arm.command(target(arm, 0.0, gripper=0.0))
        arm.advance(0.2)
        openings.append(arm.read().position[7])
    assert openings[1] > 0.85 > openings[2]
    assert openings[-1] < 0.03


def test_odd_times_are_refused(arm: SimulatedArm) -> None:
    with pytest.raises(MvpRealError, match=r"multiple of 0\.002"):
        arm.advance(0.0033)
