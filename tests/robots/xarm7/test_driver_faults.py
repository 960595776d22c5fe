"""Every fault that the box can show ends in a named, latched stop, and nothing moves again by itself."""

from __future__ import annotations

import time

import numpy as np
import pytest

from mvp_real.robots.verdict import DriverState
from mvp_real.robots.xarm7 import ControllerFault, XArm7Driver

from ...emulators.xarm7.running import PORT, until
from .conftest import Rig

# Real sockets and clocks: a machine may lose a second.
pytestmark = [pytest.mark.slow, pytest.mark.flaky(reruns=2)]


def stays(rig: Rig, seconds: float = 0.5) -> None:
    """The arm has come to rest and does not move, although somebody goes on commanding it."""
    until(lambda: not rig.box.box.motion.moving, "the set-point rests")
    until(lambda: np.max(np.abs(rig.box.box.speeds)) < 1e-3, "the arm rests")
    here = rig.true
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        rig.command(0, 0.05)
        time.sleep(0.05)
        assert np.max(np.abs(rig.true[:7] - here[:7])) < 5e-3


def recovers(rig: Rig) -> None:
    """Not by `enable`, but by `clear_fault` and `enable`."""
    assert rig.driver.enable().state is DriverState.STOPPED
    verdict = rig.driver.clear_fault()
    assert verdict.state is DriverState.DISABLED, verdict.reason
    rig.enable()
    assert rig.command(0, 0.03).position is not None


@pytest.mark.parametrize(("number", "text"), [(31, "collision"), (23, "leave its range"), (13, "joint 3")])
def test_an_error_of_the_box(rig: Rig, number: int, text: str) -> None:
    rig.enable()
    ended = rig.keep_moving()
    rig.box.board.set("error", number)
    reason = rig.stopped()
    assert f"controller error {number}" in reason
    assert text in reason
    stays(rig)
    ended.set()
    recovers(rig)


def test_an_error_while_disabled_is_noticed(rig: Rig) -> None:
    rig.box.board.set("error", 31)
    assert "controller error 31" in rig.stopped()
    until(lambda: rig.changes >= 1, "the change is told")


def test_the_emergency_stop_cannot_be_cleared_while_pressed(rig: Rig) -> None:
    rig.enable()
    ended = rig.keep_moving()
    rig.box.board.set("emergency_stop")
    assert "emergency stop of the box is pressed" in rig.stopped()
    stays(rig)
    ended.set()
    verdict = rig.driver.clear_fault()
    assert verdict.state is DriverState.STOPPED
    assert "cannot be cleared" in verdict.reason
    rig.box.board.clear()
    recovers(rig)


def test_a_silent_box(rig: Rig) -> None:
    rig.enable()
    ended = rig.keep_moving()
    rig.box.board.set("silence")
    started = time.monotonic()
    reason = rig.stopped()
    assert time.monotonic() - started < 5.0
    assert "no answer within" in reason or "joint state" in reason
    rig.box.board.clear()
    until(lambda: not rig.box.box.motion.moving, "the arm rests")
    stays(rig)
    ended.set()
    recovers(rig)


def test_a_cut_connection_is_made_anew_only_by_the_operator(rig: Rig) -> None:
    rig.enable()
    ended = rig.keep_moving()
    rig.box.board.set("drop")
    rig.stopped()
    verdict = rig.driver.clear_fault()
    assert verdict.state is DriverState.STOPPED
    assert "no controller box answers" in verdict.reason
    rig.box.board.clear()
    time.sleep(0.5)
    assert rig.driver.state is DriverState.STOPPED
    stays(rig)
    ended.set()
    recovers(rig)


def test_a_power_cycle_needs_everything_anew(rig: Rig) -> None:
    rig.enable()
    ended = rig.keep_moving()
    rig.box.board.set("power_cycle")
    rig.stopped()
    ended.set()
    until(lambda: not rig.box.board.active(), "the box is up again")
    assert (rig.box.box.mode, rig.box.box.enabled) == (0, 0)
    until(lambda: rig.driver.clear_fault().state is DriverState.DISABLED, "it is connected again")
    rig.enable()


def test_frozen_joints_stop_a_moving_arm(rig: Rig) -> None:
    rig.enable()
    rig.box.board.set("freeze")
    frozen = rig.driver.read().position.copy()
    reason = ""
    for k in range(1, 40):  # a policy whose targets go on, as after teleoperation
        goal = frozen.copy()
        goal[0] += min(0.04 * k, 0.5)
        verdict = rig.driver.command(rig.target(goal))
        if verdict.state is DriverState.STOPPED:
            reason = verdict.reason
            break
        time.sleep(0.1)
    assert "blocked or lagging" in (reason or rig.stopped())
    assert abs(rig.true[0] - frozen[0]) < 0.5


def test_delayed_answers_are_survived_and_too_late_ones_stop(rig: Rig) -> None:
    rig.enable()
    rig.box.board.set("delay", 0.02)
    rig.box.board.set("jitter", 0.03)
    time.sleep(1.0)
    assert rig.driver.state in (DriverState.RUNNING, DriverState.HOLD)
    rig.box.board.set("delay", 1.5)
    assert "no answer within" in rig.stopped()


def test_garbled_frames_never_move_a_joint(rig: Rig) -> None:
    rig.enable()
    home = rig.true
    rig.box.board.set("garble", 0.3)
    largest = 0.0
    for _ in range(15):
        rig.driver.command(rig.target(home))
        time.sleep(0.1)
        largest = max(largest, float(np.max(np.abs(rig.true[:7] - home[:7]))))
    assert largest < 0.01
    assert all(np.all(np.isfinite(reading.position)) for reading in rig.readings)
    rig.driver.stop("end of the test")
    rig.box.board.clear()
    time.sleep(2.5)  # the client looks for new reports every 2 s
    until(lambda: rig.driver.clear_fault().state is DriverState.DISABLED, "it recovers")
    rig.enable()


def test_an_error_of_the_gripper(rig: Rig) -> None:
    rig.enable()
    ended = rig.keep_moving()
    rig.box.board.set("gripper_error", 9)
    assert "gripper error 9" in rig.stopped()
    ended.set()
    rig.box.board.clear()
    recovers(rig)


def test_another_client_that_changes_the_mode(rig: Rig) -> None:
    rig.enable()
    with rig.box.box.lock:
        rig.box.box.set_mode(0)
        rig.box.box.set_state(0)
    assert "left servo mode" in rig.stopped()
    recovers(rig)


def test_another_client_that_pauses_or_stops(rig: Rig) -> None:
    rig.enable()
    with rig.box.box.lock:
        rig.box.box.set_state(3)
    assert "stopped from elsewhere" in rig.stopped()
    recovers(rig)


def test_an_old_firmware_is_refused(rig: Rig) -> None:
    rig.box.board.set("wrong_version")
    with pytest.raises(ControllerFault, match=r"firmware is 1\.2\.0; needs 1\.8\.6"):
        XArm7Driver(rig.box.host, port=PORT).open()
