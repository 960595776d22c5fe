"""Node `arm` on the wire: topics, services, stops, and what happens when it dies."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("xarm")

from lifecycle_msgs.msg import Transition
from std_srvs.srv import SetBool

from mvp_real.nodes.diagnostics import ERROR
from mvp_real.robots.table import load_robot
from mvp_real.tasks.pick_fruit import setup_to_dict, validation_setups

from .arm_bringup import ArmBringup

pytestmark = [pytest.mark.nodes, pytest.mark.slow]
TABLE = load_robot("xarm7")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ArmBringup]:
    system = ArmBringup(tmp_path_factory.mktemp("logs"))
    yield system
    codes = system.close()
    assert codes == {"arm": 0, "emulated_world": 0}


@pytest.fixture
def arm(running: ArmBringup) -> ArmBringup:
    running.idle()
    return running


def test_joint_states_come_before_anything_is_enabled(arm: ArmBringup) -> None:
    arm.until(lambda: len(arm.readings) > 30, "readings come")
    reading = arm.readings[-1]
    assert reading.names == TABLE.joint_names
    assert abs(time.time() - reading.stamp) < 5.0
    assert np.all(np.diff([r.stamp for r in arm.readings]) > 0.0)
    before = arm.true
    arm.turn(3)
    assert arm.state == "disabled"
    assert arm.true == pytest.approx(before, abs=2e-3)


def test_targets_move_the_arm_and_silence_holds_it(arm: ArmBringup) -> None:
    reply = arm.enable()
    assert reply.success, reply.message
    before = arm.true[6]
    arm.turn(10)
    arm.until(lambda: arm.true[6] - before > 0.2, "the last joint has turned")
    assert arm.readings[-1].position[6] == pytest.approx(arm.true[6], abs=0.05)
    arm.until(lambda: arm.state == "hold", "silence holds")
    assert "no command" in arm.status["reason"]


def test_a_stop_latches_until_it_is_cleared(arm: ArmBringup) -> None:
    assert arm.enable().success
    arm.turn(3)
    assert arm.call("arm/stop").success
    arm.until(lambda: arm.state == "stopped", "the stop is published")
    reply = arm.enable()
    assert not reply.success
    assert "stopped by the operator" in reply.message
    assert arm.call("arm/clear_fault").success
    assert arm.enable().success


def test_a_fault_of_the_box_is_named_in_status_and_diagnostics(arm: ArmBringup) -> None:
    assert arm.enable().success
    arm.turn(2)
    assert arm.set_text("emulated_world", "fault", "error=31") == (True, "")
    arm.until(lambda: arm.state == "stopped", "it stops")
    assert "controller error 31 (collision" in arm.status["reason"]
    arm.until(lambda: arm.diagnostics["/xarm7/arm"][0] == int.from_bytes(ERROR, "little"), "level ERROR")
    assert "controller error 31" in arm.diagnostics["/xarm7/arm"][2]["last stop"]
    good, reason = arm.set_text("emulated_world", "fault", "erorr=31")
    assert (good, "did you mean error" in reason) == (False, True)


def test_homing_ends_at_home(arm: ArmBringup) -> None:
    assert arm.enable().success
    arm.turn(6)
    assert arm.call("arm/home").success
    arm.until(lambda: not arm.status["homing"] and arm.state != "disabled", "it is home")
    arm.until(lambda: np.max(np.abs(arm.true - TABLE.home[:7])) < 0.02, "the arm is at home")


def test_the_scene_is_reset_only_while_the_arm_is_disabled(arm: ArmBringup) -> None:
    import json

    episode = json.dumps({"setup": setup_to_dict(validation_setups("plain")[2])})
    assert arm.set_text("emulated_world", "episode", episode) == (True, "")
    assert arm.enable().success
    refused = arm.call("emulated_world/reset")
    assert not refused.success
    assert "disable it before" in refused.message
    arm.enable(False)
    assert arm.call("emulated_world/reset").success


def test_limits_of_a_bundle_are_taken_while_disabled(arm: ArmBringup) -> None:
    assert arm.enable().success
    good, reason = arm.set_text("arm", "bundle", "pick_fruit")
    assert (good, "disable it" in reason) == (False, True)
    arm.enable(False)
    assert arm.set_text("arm", "bundle", "pick_fruit")[0]
    good, reason = arm.set_text("arm", "bundle", "pick_fuit")
    assert not good
    assert "pick_fruit" in reason


def test_an_inactive_node_moves_nothing(arm: ArmBringup) -> None:
    assert arm.change(Transition.TRANSITION_DEACTIVATE)
    for name, request in (
        ("arm/enable", SetBool.Request(data=True)), ("arm/home", None), ("arm/teach", SetBool.Request(data=True)),
    ):  # fmt: skip
        reply = arm.call(name, request)
        assert not reply.success
        assert "not active" in reply.message
    assert arm.state == "disabled"
    assert not arm.change(Transition.TRANSITION_CLEANUP), "the driver keeps its device"
    assert arm.change(Transition.TRANSITION_ACTIVATE)
    assert arm.enable().success


def test_parameters_describe_themselves(arm: ArmBringup) -> None:
    from rcl_interfaces.srv import DescribeParameters

    names = ["ip", "port", "rate", "reply_within", "wait", "priority", "bundle"]
    reply = arm.call("arm/describe_parameters", DescribeParameters.Request(names=names))
    assert all(descriptor.description for descriptor in reply.descriptors)
    rate = reply.descriptors[names.index("rate")].floating_point_range[0]
    assert (rate.from_value, rate.to_value) == (50.0, 250.0)


def test_a_killed_driver_leaves_the_arm_standing_and_the_next_one_starts_disabled(arm: ArmBringup) -> None:
    assert arm.enable().success
    arm.turn(4)
    arm.processes["arm"].kill()
    arm.processes["arm"].wait()
    time.sleep(0.5)
    here = arm.true
    arm.readings.clear()
    arm.status = {}
    time.sleep(0.5)
    assert arm.true == pytest.approx(here, abs=2e-3)
    ready = arm.log("arm").count("arm ready")
    arm.start("arm")
    arm.until(lambda: arm.readings and arm.state == "disabled", "a new driver reads")
    assert arm.true == pytest.approx(here, abs=5e-3)
    # The services of the killed process look alive until its lease ends, so ask until the new one answers.
    arm.until(lambda: arm.log("arm").count("arm ready") > ready, "it is ready")
    time.sleep(1.0)
    arm.until(lambda: arm.enable().success, "it can be enabled")


def test_a_node_that_is_shut_down_takes_no_target(arm: ArmBringup) -> None:
    assert arm.enable().success
    assert arm.change(Transition.TRANSITION_ACTIVE_SHUTDOWN)
    arm.until(
        lambda: "driver running -> disabled" in arm.log("arm") or arm.state == "disabled", "it is disabled"
    )
    here = arm.true
    arm.turn(3)
    assert arm.true == pytest.approx(here, abs=5e-3)
    arm.kill("arm")
    ready = arm.log("arm").count("arm ready")
    arm.start("arm")
    arm.until(lambda: arm.log("arm").count("arm ready") > ready, "another one is ready")


def test_an_address_is_needed(tmp_path: Path, running: ArmBringup) -> None:
    argv = running.command[:1]
    done = subprocess.run(
        argv, env=running.environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "give the address of the controller box" in done.stderr
