"""Loop, limiter, interpolator and a lagging arm together (rules 10, 13, 14 and 15)."""

from __future__ import annotations

import numpy as np
import pytest

from mvp_real.control.policy_loop import LoopState, PolicyLoop
from mvp_real.messages import Feature, FloatArray, JointTarget
from mvp_real.robots.safety import DriverState
from mvp_real.robots.table import RobotTable

from .loop_fixture import LaggingArm, controller_card

PERIOD = 0.2


def drive(
    table: RobotTable, arm: LaggingArm, reference: str, action: FloatArray, ticks: int
) -> tuple[PolicyLoop, FloatArray]:
    """Let a controller give the same action at every tick; the joint path at the ticks, (ticks + 1, 8)."""
    loop = PolicyLoop(controller_card(table, reference), table, lambda tokens, state: action)
    arm.enable()
    loop.enable()
    path = [arm.position.copy()]
    for k in range(ticks):
        loop.joints(arm.read())
        loop.feature(Feature(np.full((2, 3), k, dtype=np.float32), arm.now))
        output = loop.tick(arm.now)
        assert output.state is LoopState.RUNNING
        assert output.target is not None
        arm.command(output.target)
        arm.advance(PERIOD)
        path.append(arm.position.copy())
    return loop, np.array(path)


@pytest.mark.parametrize("reference", ["measured", "commanded"])
def test_without_lag_both_references_move_by_the_deltas(table: RobotTable, reference: str) -> None:
    action = np.array([0.03, 0, 0, 0, 0, 0, -0.05, 0.0])
    _, path = drive(table, LaggingArm(table), reference, action, 10)
    assert np.allclose(path[-1] - path[0], 10 * action, atol=1e-9)


def test_on_a_lagging_arm_commanded_covers_the_whole_way_and_measured_falls_short(table: RobotTable) -> None:
    action = np.array([0.03, 0, 0, 0, 0, 0, 0, 0])
    ways = {}
    for reference in ("measured", "commanded"):
        arm = LaggingArm(table, lag=0.1)
        _, path = drive(table, arm, reference, action, 20)
        assert arm.limiter.state is DriverState.RUNNING
        assert np.all(np.diff(path[:, 0]) >= -1e-12)  # lag, but no swinging
        ways[reference] = path[-1, 0]
    assert ways["commanded"] > 0.55  # 20 x 0.03 rad but for the last bit of lag
    assert 0.3 < ways["measured"] < 0.55
    # The measured reference never asks for more than one step, the commanded one is bounded by rule 10.


def test_a_blocked_joint_stops_the_arm_with_the_commanded_reference(table: RobotTable) -> None:
    arm = LaggingArm(table, blocked=(0,))
    drive(table, arm, "commanded", np.array([0.05, 0, 0, 0, 0, 0, 0, 0]), 12)
    assert arm.limiter.state is DriverState.STOPPED
    assert "joint1" in arm.limiter.reason


def test_a_blocked_joint_is_never_pushed_far_with_the_measured_reference(table: RobotTable) -> None:
    arm = LaggingArm(table, blocked=(0,))
    drive(table, arm, "measured", np.array([0.05, 0, 0, 0, 0, 0, 0, 0]), 12)
    assert arm.limiter.state is DriverState.RUNNING
    target = arm.interpolator.target
    assert target is not None
    assert abs(target[0] - arm.position[0]) <= 0.05 + 1e-9


def test_a_dead_controller_leads_to_hold_in_the_driver_after_half_a_second(table: RobotTable) -> None:
    arm = LaggingArm(table)
    drive(table, arm, "measured", np.zeros(8), 3)
    arm.advance(0.28)
    assert arm.limiter.state is DriverState.RUNNING
    arm.advance(0.04)
    assert arm.limiter.state is DriverState.HOLD
    position = arm.position.copy()
    arm.advance(1.0)
    assert np.array_equal(arm.position, position)


def test_rule_15_a_recorded_path_replayed_as_deltas_comes_out_within_ten_milliradians(
    table: RobotTable,
) -> None:
    """A smooth path of 6 s recorded at 5 Hz, replayed on an arm with 20 ms of lag."""
    times = np.arange(31) * PERIOD
    recorded = table.home[:7] + 0.3 * np.sin(0.5 * times)[:, None] * np.linspace(1.0, 0.2, 7)
    arm = LaggingArm(table, lag=0.02)
    arm.position[:7] = recorded[0]
    arm.enable()
    path = [arm.position[:7].copy()]
    target = recorded[0].copy()
    for delta in np.diff(recorded, axis=0):
        target = target + delta
        position = np.append(target, 1.0)
        verdict = arm.command(JointTarget(table.joint_names, position, arm.now, PERIOD))
        assert (verdict.state, verdict.clamped) == (DriverState.RUNNING, False)
        arm.advance(PERIOD)
        path.append(arm.position[:7].copy())
    assert np.sqrt(np.mean((np.array(path) - recorded) ** 2)) < 0.01


def test_the_set_point_between_ticks_is_continuous(table: RobotTable) -> None:
    arm = LaggingArm(table)
    arm.enable()
    rng = np.random.default_rng(0)
    points = []
    for _ in range(20):
        target = np.append(arm.position[:7] + rng.uniform(-0.1, 0.1, 7) * 0.5, 1.0)
        arm.command(JointTarget(table.joint_names, target, arm.now, PERIOD))
        for _ in range(50):
            arm.advance(0.004)
            points.append(arm.position[:7].copy())
    speed = np.diff(points, axis=0) / 0.004
    assert np.all(np.abs(speed) <= table.velocity_limit)
    assert np.all(np.abs(np.diff(speed, axis=0)) / 0.004 <= 1.05 * table.acceleration_limit)
