"""The driver on a sound box, through the vendor's client."""

from __future__ import annotations

import time

import numpy as np
import pytest

from mvp_real.errors import MvpRealError
from mvp_real.robots.limits import Limits
from mvp_real.robots.verdict import DriverState
from mvp_real.robots.xarm7 import ControllerFault, XArm7Driver

from ...emulators.xarm7.running import free_address, until
from .conftest import TABLE, Rig

# Real sockets and clocks: a machine may lose a second.
pytestmark = [pytest.mark.slow, pytest.mark.flaky(reruns=2)]


def test_it_reads_before_it_is_enabled_and_nothing_moves(rig: Rig) -> None:
    until(lambda: len(rig.readings) > 20, "readings come")
    reading = rig.driver.read()
    assert reading.names == TABLE.joint_names
    assert reading.position == pytest.approx(TABLE.home, abs=0.01)
    assert time.monotonic() - reading.stamp < 5.0
    assert rig.driver.state is DriverState.DISABLED
    assert rig.box.box.enabled == 0 or not rig.box.box.ready
    assert rig.command(0, 0.05).position is None
    assert rig.true == pytest.approx(TABLE.home, abs=0.01)


def test_enabling_waits_moves_nothing_and_begins_where_the_arm_is(rig: Rig) -> None:
    started = time.monotonic()
    rig.enable()
    assert time.monotonic() - started >= 0.3
    assert (rig.box.box.mode, rig.box.box.ready) == (1, True)
    time.sleep(0.2)
    assert rig.true == pytest.approx(TABLE.home, abs=0.01)


def test_targets_are_reached_and_the_gripper_follows(rig: Rig) -> None:
    rig.enable()
    goal = TABLE.home.copy()
    goal[[0, 3]] += 0.06, -0.05
    goal[-1] = 0.0
    for _ in range(8):
        verdict = rig.driver.command(rig.target(goal))
        assert verdict.position is not None, verdict.reason
        time.sleep(0.1)
    until(lambda: np.max(np.abs(rig.true[:7] - goal[:7])) < 0.01, "the arm is there")
    until(lambda: rig.driver.read().position[-1] < 0.05, "the gripper is closed")
    assert rig.true[-1] < 0.05


def test_a_step_that_is_too_large_is_scaled(rig: Rig) -> None:
    rig.enable()
    verdict = rig.command(0, 0.29)
    assert verdict.clamped
    assert verdict.position is not None
    assert verdict.position[0] - TABLE.home[0] <= 0.151


def test_a_first_target_far_away_is_refused(rig: Rig) -> None:
    rig.enable()
    verdict = rig.command(0, 0.5)
    assert verdict.state is DriverState.HOLD
    assert "start there" in verdict.reason


def test_silence_of_the_policy_holds_and_a_new_target_goes_on(rig: Rig) -> None:
    rig.enable()
    rig.command(0, 0.02)
    until(lambda: rig.driver.state is DriverState.HOLD, "it holds")
    until(lambda: rig.changes >= 1, "the change is told")
    assert rig.command(0, 0.02).state is DriverState.RUNNING


def test_disabling_brakes_and_stops_the_box_and_enabling_goes_on(rig: Rig) -> None:
    rig.enable()
    ended = rig.keep_moving()
    rig.driver.disable()
    ended.set()
    until(lambda: rig.driver.idle, "it rests")
    assert rig.driver.state is DriverState.DISABLED
    assert not rig.box.box.ready
    time.sleep(0.3)
    here = rig.true
    time.sleep(0.2)
    assert rig.true == pytest.approx(here, abs=2e-3)
    rig.enable()


def test_the_operators_stop_latches(rig: Rig) -> None:
    rig.enable()
    ended = rig.keep_moving()
    rig.driver.stop("stopped by the operator")
    assert rig.driver.state is DriverState.STOPPED
    until(lambda: not rig.box.box.ready, "the box is stopped")
    ended.set()
    assert rig.driver.enable().state is DriverState.STOPPED
    assert rig.driver.home().state is DriverState.STOPPED
    assert rig.driver.clear_fault().state is DriverState.DISABLED
    rig.enable()


def test_a_stop_while_disabled_stops_what_another_client_moves(rig: Rig) -> None:
    with rig.box.box.lock:
        rig.box.box.enable_motion(8, True)
        rig.box.box.set_mode(4)
        rig.box.box.set_state(0)
        rig.box.box.drive(np.array([0.1, 0, 0, 0, 0, 0, 0]), 0.0)
    rig.driver.stop("stopped by the operator")
    until(lambda: not rig.box.box.ready, "the box is stopped")


def test_homing_ends_at_home_through_the_limiter(rig: Rig) -> None:
    away = TABLE.home.copy()
    away[0] += 0.4
    with rig.box.box.lock:
        rig.box.box.carry_to(away)
    until(lambda: abs(rig.driver.read().position[0] - 0.4) < 0.01, "the driver sees where the arm is")
    assert rig.driver.home().state is DriverState.RUNNING
    assert rig.driver.homing
    assert rig.command(0, 0.1).reason == "on the way home"
    until(lambda: not rig.driver.homing, "it is home")
    until(lambda: np.max(np.abs(rig.true - TABLE.home)) < 0.01, "the arm is at home")


def test_limits_change_only_while_disabled(rig: Rig) -> None:
    limits = Limits.from_table(TABLE, [0.01] * 7)
    before = rig.driver.limits
    rig.enable()
    with pytest.raises(MvpRealError, match="while the driver is running"):
        rig.driver.set_limits(limits)
    rig.driver.disable()
    rig.driver.set_limits(limits)
    assert np.max(rig.driver.limits.max_step) == 0.01
    rig.driver.set_limits(before)


def test_diagnostics_say_what_is_connected(rig: Rig) -> None:
    rig.enable()
    time.sleep(0.3)
    values = rig.driver.diagnostics()
    assert values["firmware"] == "2.7.1"
    assert values["box mode"] == "1"
    assert int(values["servo points"]) > 0
    assert values["servo points cut"] == "0"


def test_nobody_there_is_an_error_with_a_remedy() -> None:
    driver = XArm7Driver(free_address(), port=15502)
    with pytest.raises(ControllerFault, match="check power, cable and address"):
        driver.open()


def test_a_rate_that_the_box_does_not_take_is_refused() -> None:
    with pytest.raises(MvpRealError, match="takes 50 to 250"):
        XArm7Driver("127.0.0.1", rate=500.0)
