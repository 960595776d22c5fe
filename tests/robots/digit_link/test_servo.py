"""The servo's rules: when the robot is commanded at all, what is sent, and what stops it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mvp_real.messages import PdCommand
from mvp_real.robots.digit_link.command import OperationMode
from mvp_real.robots.digit_link.servo import Authority, DigitServo
from mvp_real.robots.verdict import DriverState

from .samples import LIMITS, TABLE
from .servo_bench import Bench, assert_damps


def test_nothing_is_sent_before_the_first_good_command() -> None:
    bench = Bench()
    assert bench.tick(50) is None
    assert bench.servo.enable(bench.now).state is DriverState.RUNNING
    assert bench.tick(50) is None, "enabled, but nobody commands"
    bench.servo.command(PdCommand(TABLE.default_pose + 2.0, TABLE.kp, TABLE.kd, bench.now), bench.now)
    assert bench.tick() is None, "the first target is too far"
    bench.command()
    sent = bench.tick()
    assert sent is not None
    assert sent.apply
    assert sent.fallback is OperationMode.DAMPING


def test_the_torque_law() -> None:
    bench = Bench()
    bench.walk()
    bench.command(shift=0.02)
    sent = bench.tick(motor_position=TABLE.default_pose + 0.005)
    assert sent is not None
    free = np.setdiff1d(np.arange(20), TABLE.toe_indices)
    np.testing.assert_allclose(sent.torque[free], (0.015 * TABLE.kp)[free])
    np.testing.assert_allclose(sent.torque[TABLE.toe_indices], -0.005 * TABLE.kp[TABLE.toe_indices])
    np.testing.assert_array_equal(sent.velocity, 0.0)
    np.testing.assert_array_equal(sent.damping, TABLE.kd)


def test_limits_of_the_robot_count_beside_our_own() -> None:
    bench = Bench()
    bench.servo.connected(replace(LIMITS, torque=0.01 * TABLE.torque_limit, damping=0.5 * TABLE.kd))
    bench.walk()
    sent = bench.tick(motor_position=TABLE.default_pose + 0.3)
    assert sent is not None
    np.testing.assert_allclose(sent.torque, -0.01 * TABLE.torque_limit)
    np.testing.assert_allclose(sent.damping, 0.5 * TABLE.kd)


def test_silence_of_the_robot_stops_after_100_ms() -> None:
    bench = Bench()
    bench.walk()
    assert bench.tick(silence=0.100) is not None
    assert bench.state is DriverState.RUNNING
    sent = bench.tick(silence=0.101)
    assert bench.state is DriverState.STOPPED
    assert bench.reason == "the robot has been silent for 0.10 s"
    assert_damps(sent)


def test_a_lost_connection_stops_and_what_was_measured_is_forgotten() -> None:
    bench = Bench()
    bench.walk()
    bench.servo.disconnected("the robot has been silent for 0.10 s")
    assert_damps(bench.servo.step(bench.now, np.inf))
    verdict = bench.servo.clear_fault(bench.now)
    assert verdict.state is DriverState.STOPPED
    assert "cannot be cleared" in verdict.reason
    assert bench.servo.enable(bench.now).state is DriverState.STOPPED


@pytest.mark.parametrize(
    ("changes", "state", "reason"),
    [
        (
            {"error": True},
            DriverState.STOPPED,
            "the robot reports an error (it ends the low-level interface within 2.0",
        ),
        ({"motor_position": np.full(20, np.nan)}, DriverState.STOPPED, "measurements are not finite"),
        (
            {"base_orientation": np.array([2.0, 0.0, 0.0, 0.0])},
            DriverState.STOPPED,
            "measurements are not finite",
        ),
        ({"base_orientation": np.array([0.9, 0.4359, 0.0, 0.0])}, DriverState.FALLEN, "the base is tilted"),
        ({"base_position": np.array([0.0, 0.0, 0.6])}, DriverState.FALLEN, "0.60 m high"),
    ],
)
def test_what_is_measured_can_stop(changes: dict[str, object], state: DriverState, reason: str) -> None:
    bench = Bench()
    bench.walk()
    sent = bench.tick(**changes)  # type: ignore[arg-type]
    assert bench.state is state
    assert reason in bench.reason
    assert_damps(sent)


def test_silence_of_the_policy_and_its_leaving_stop() -> None:
    bench = Bench()
    bench.walk()
    bench.tick(98)
    assert bench.state is DriverState.RUNNING
    assert_damps(bench.tick(3))
    assert bench.reason == "no command for 0.10 s"
    bench = Bench()
    bench.walk()
    bench.servo.limiter.leave()
    assert_damps(bench.tick())


def test_a_restart_of_the_robot_stops_and_it_is_told_nothing() -> None:
    bench = Bench()
    bench.walk()
    bench.servo.restarted("the robot's control program has restarted 0.00 s ago")
    assert bench.tick(200) is None, "people may be standing it up"
    assert bench.state is DriverState.STOPPED
    assert "restarted" in bench.reason


def test_a_stop_before_the_policy_has_the_robot_leaves_it_to_the_vendors_controller() -> None:
    bench = Bench()
    bench.servo.enable(bench.now)
    bench.servo.stop("stopped by the operator")
    assert bench.state is DriverState.STOPPED
    assert bench.tick(200) is None, "damping a robot that its own controller holds would drop it"


def test_giving_it_back_in_good_order_asks_for_the_vendors_controller() -> None:
    bench = Bench()
    bench.walk()
    bench.servo.disable()
    sent = bench.tick()
    assert sent is not None
    assert (sent.apply, sent.fallback) == (False, OperationMode.LOCOMOTION)
    bench.walk()


def test_after_a_stop_it_damps_until_somebody_asks_for_the_vendors_controller() -> None:
    bench = Bench()
    bench.walk()
    bench.servo.stop("stopped by the operator")
    assert_damps(bench.tick())
    assert bench.servo.home().reason == "stopped by the operator", "not before the fault is cleared"
    assert bench.servo.clear_fault(bench.now).state is DriverState.DISABLED
    sent = bench.tick()
    assert sent is not None
    assert (sent.apply, sent.fallback) == (False, OperationMode.DAMPING)
    assert bench.servo.authority is Authority.RELEASED
    assert bench.servo.home().reason == ""
    sent = bench.tick()
    assert sent is not None
    assert (sent.apply, sent.fallback) == (False, OperationMode.LOCOMOTION)


def test_an_error_must_be_gone_before_the_fault_is_cleared() -> None:
    bench = Bench()
    bench.walk()
    bench.tick(error=True)
    assert "still reports an error" in bench.servo.clear_fault(bench.now).reason
    bench.tick(error=False)
    assert bench.servo.clear_fault(bench.now).state is DriverState.DISABLED
    bench.tick(error=True)
    verdict = bench.servo.enable(bench.now)
    assert verdict.state is DriverState.DISABLED
    assert "reports an error" in verdict.reason


def test_without_a_robot_nothing_is_enabled() -> None:
    servo = DigitServo()
    verdict = servo.enable(1.0)
    assert (verdict.state, verdict.reason) == (DriverState.DISABLED, "no connection to the robot")
    assert servo.step(1.0, float("inf")) is None


def test_in_shadow_all_goes_on_and_nothing_is_sent() -> None:
    bench = Bench(shadow=True)
    assert bench.servo.enable(bench.now).state is DriverState.RUNNING
    for _ in range(10):
        bench.command()
        assert bench.tick(20) is None
    assert bench.state is DriverState.RUNNING
    assert bench.servo.limiter.counters["accepted"] == 10
    bench.servo.stop("stopped by the operator")
    assert bench.tick() is None
    bench.servo.clear_fault(bench.now)
    bench.servo.home()
    assert bench.tick() is None


@pytest.mark.parametrize("shadow", [False, True])
def test_idle_commands_are_never_to_be_applied(shadow: bool) -> None:
    """For robots that do not answer to a description alone."""
    bench = Bench(shadow=shadow, idle_commands=True)
    for sent in (bench.tick(), bench.tick(50)):
        assert sent is not None
        assert (sent.apply, sent.fallback) == (False, OperationMode.LOCOMOTION)
        np.testing.assert_array_equal(sent.torque, 0.0)
    bench.servo.enable(bench.now)
    bench.command()
    sent = bench.tick()
    assert sent is not None
    assert sent.apply is not shadow


def test_a_driver_started_anew_can_ask_for_the_vendors_controller() -> None:
    """After one that died: the robot damps and nothing else would stand it up."""
    bench = Bench()
    assert bench.tick() is None
    assert bench.servo.home().reason == ""
    sent = bench.tick()
    assert sent is not None
    assert (sent.apply, sent.fallback) == (False, OperationMode.LOCOMOTION)
