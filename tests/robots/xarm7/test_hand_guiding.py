"""Kinesthetic teaching through the vendor's client: the arm gives way to a hand, and to nothing else."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from mvp_real.robots.verdict import DriverState
from mvp_real.robots.xarm7 import XArm7Driver

from ...emulators.xarm7.running import PORT, until
from .conftest import TABLE, Rig

# Real sockets and clocks: a machine may lose a second.
pytestmark = [pytest.mark.slow, pytest.mark.flaky(reruns=2)]
PULLED = TABLE.home[:7] + np.array([0.1, 0.05, 0.0, -0.08, 0.0, 0.1, 0.2])


def teach(rig: Rig) -> None:
    verdict = rig.driver.teach()
    assert verdict.state is DriverState.TEACHING, verdict.reason


def pull(rig: Rig) -> None:
    rig.box.world.pull(PULLED)
    until(
        lambda: np.max(np.abs(rig.driver.read().position[:7] - PULLED)) < 0.01, "the reading follows the hand"
    )


def test_the_arm_goes_where_the_hand_puts_it_and_stays_there(rig: Rig) -> None:
    teach(rig)
    assert (rig.box.box.mode, rig.box.box.ready) == (2, True)
    pull(rig)
    rig.driver.disable()
    assert rig.driver.state is DriverState.DISABLED
    until(lambda: not rig.box.box.ready, "the box holds the arm")
    rig.box.world.pull(TABLE.home[:7])
    time.sleep(0.3)
    assert rig.true[:7] == pytest.approx(PULLED, abs=0.02)
    rig.enable()  # the policy goes on from there
    assert rig.command(0, 0.03).position is not None


def test_only_the_gripper_of_a_target_is_executed(rig: Rig) -> None:
    teach(rig)
    goal = TABLE.home.copy()
    rig.driver.command(rig.target(goal))  # as it is: the first one moves nothing
    goal[0] += 0.05
    goal[-1] = 0.0
    verdict = rig.driver.command(rig.target(goal))
    assert verdict.state is DriverState.TEACHING
    assert verdict.position is not None
    assert verdict.position[0] == pytest.approx(TABLE.home[0], abs=0.01)
    until(lambda: rig.driver.read().position[-1] < 0.05, "the gripper is closed")
    assert rig.true[:7] == pytest.approx(TABLE.home[:7], abs=0.01)
    for bad in (np.nan, np.inf):
        goal[-1] = bad
        assert rig.driver.command(rig.target(goal)).position is None
    assert rig.driver.command(rig.target(goal[:3])).position is None
    old = replace(rig.target(TABLE.home), stamp=-1e9)
    assert rig.driver.command(old).position is None


def test_what_the_fingers_hold_stays_held(rig: Rig) -> None:
    teach(rig)
    goal = TABLE.home.copy()
    goal[-1] = 0.6  # wherever they are when the first target comes
    for wanted in (0.6, 0.65):
        goal[-1] = wanted
        assert rig.driver.command(rig.target(goal)).position is not None
    time.sleep(0.3)
    assert rig.true[-1] == pytest.approx(TABLE.home[-1], abs=0.02)


def test_it_begins_only_from_disabled_and_keeps_everything_else_out(rig: Rig) -> None:
    rig.enable()
    refused = rig.driver.teach()
    assert refused.state is DriverState.RUNNING
    assert "disable it before" in refused.reason
    rig.driver.disable()
    until(lambda: rig.driver.idle, "the arm rests")
    teach(rig)
    assert "a person moves the arm" in rig.driver.enable().reason
    assert rig.driver.home().state is DriverState.TEACHING
    assert rig.box.box.mode == 2


@pytest.mark.parametrize("fault", ["stop", "error", "emergency_stop", "mode"])
def test_every_stop_ends_it_and_latches(rig: Rig, fault: str) -> None:
    teach(rig)
    if fault == "stop":
        rig.driver.stop("stopped by the operator")
    elif fault == "mode":
        with rig.box.box.lock:
            rig.box.box.set_mode(0)
    else:
        rig.box.board.set(fault, *((31,) if fault == "error" else ()))
    assert rig.stopped()
    until(lambda: not rig.box.box.ready, "the box holds the arm")
    assert rig.driver.teach().state is DriverState.STOPPED
    rig.box.world.pull(PULLED)
    time.sleep(0.3)
    assert rig.true[:7] == pytest.approx(TABLE.home[:7], abs=0.02)
    rig.box.board.clear()
    verdict = rig.driver.clear_fault()
    assert verdict.state is DriverState.DISABLED, verdict.reason
    teach(rig)


def test_a_stop_while_the_box_is_being_prepared_is_not_lost(rig: Rig) -> None:
    for end in (lambda: rig.driver.stop("stopped by the operator"), rig.driver.disable):
        timer = threading.Timer(0.15, end)
        timer.start()
        verdict = rig.driver.teach()
        timer.join()
        assert verdict.state is not DriverState.TEACHING
        assert rig.driver.state is not DriverState.TEACHING
        until(lambda: not rig.box.box.ready, "the box holds the arm")
        if rig.driver.state is DriverState.STOPPED:
            until(lambda: rig.driver.clear_fault().state is DriverState.DISABLED, "the fault is cleared")


def test_a_disable_while_the_box_is_being_enabled_is_not_lost(rig: Rig) -> None:
    timer = threading.Timer(0.15, rig.driver.disable)
    timer.start()
    verdict = rig.driver.enable()
    timer.join()
    assert verdict.state is DriverState.DISABLED
    assert rig.driver.state is DriverState.DISABLED
    until(lambda: not rig.box.box.ready, "the box holds the arm")


def test_a_stop_that_the_box_does_not_hear_is_said_again(rig: Rig) -> None:
    teach(rig)
    rig.box.board.set("silence")
    rig.driver.stop("stopped by the operator")
    time.sleep(1.5)
    rig.box.board.clear()
    until(lambda: not rig.box.box.ready, "the box holds the arm once it hears again")


def test_clearing_a_fault_never_leaves_the_arm_giving_way(rig: Rig) -> None:
    teach(rig)
    rig.box.board.set("drop")
    assert rig.stopped()
    rig.box.board.clear()
    until(lambda: rig.driver.clear_fault().state is DriverState.DISABLED, "the fault is cleared")
    assert not rig.box.box.ready


def test_a_driver_that_starts_after_one_that_died_holds_the_arm(rig: Rig) -> None:
    with rig.box.box.lock:  # what a killed driver leaves
        rig.box.box.enable_motion(8, True)
        rig.box.box.set_mode(2)
        rig.box.box.set_state(0)
    assert rig.box.box.ready
    second = XArm7Driver(rig.box.host, port=PORT, reply_within=1.0)
    second.open()
    try:
        assert not rig.box.box.ready
    finally:
        second.close()


def test_a_gripper_that_fails_or_a_teacher_that_vanishes_ends_it(rig: Rig) -> None:
    teach(rig)
    rig.box.board.set("gripper_error", 11)
    assert "gripper" in rig.stopped()
    rig.box.board.clear()
    until(lambda: rig.driver.clear_fault().state is DriverState.DISABLED, "the fault is cleared")
    teach(rig)
    rig.driver.command(rig.target(TABLE.home))
    assert "nobody teaches the arm" in rig.stopped()
