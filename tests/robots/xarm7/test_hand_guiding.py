"""Kinesthetic teaching through the vendor's client: the arm gives way to a hand, and to nothing else."""

from __future__ import annotations

import time

import numpy as np
import pytest

from mvp_real.robots.verdict import DriverState

from ...emulators.xarm7.running import until
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
