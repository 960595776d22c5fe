"""The emulated box through the vendor's own client, without our driver."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

pytest.importorskip("xarm")
pytest.importorskip("mujoco")

from mvp_real.emulators.xarm7.emulator import XArm7Emulator
from mvp_real.robots.xarm7.sdk import open_api

from .running import PORT, running, until

HOME = [0.0, -0.1691, 0.0, 0.8435, 0.0, 1.0126, 0.0]


@pytest.fixture(scope="module")
def box() -> Iterator[XArm7Emulator]:
    with running() as emulator:
        yield emulator


@pytest.fixture
def arm(box: XArm7Emulator) -> Iterator[Any]:
    box.board.clear()
    with box.box.lock:
        box.box.clean_error()
        box.box.set_state(4)
        box.box.carry_to(np.array([*HOME, 1.0]))
    api = open_api(box.host, PORT, 2.0, reports=True)
    until(lambda: np.max(np.abs(box.world.joints() - [*HOME, 1.0])) < 0.01, "the arm is at its start")
    yield api
    api.disconnect()


def ready(arm: Any, mode: int) -> None:
    assert arm.motion_enable(True) == 0
    assert arm.set_mode(mode) == 0
    assert arm.set_state(0) == 0
    until(lambda: arm.mode == mode and arm.state in (1, 2), f"mode {mode}")


def test_it_introduces_itself(arm: Any) -> None:
    assert arm.version.endswith("v2.7.1")
    assert (arm.axis, arm.sn) == (7, "XI130423A01B01")
    assert arm.state == 4
    assert arm.get_servo_angle(is_radian=True)[1] == pytest.approx(HOME, abs=1e-3)
    assert arm.get_position(is_radian=True)[1][:3] == pytest.approx([410.0, 0.0, 180.0], abs=1.0)


def test_it_moves_when_asked_and_says_so(arm: Any) -> None:
    ready(arm, 0)
    target = [0.3, *HOME[1:]]
    assert arm.set_servo_angle(angle=target, speed=1.5, mvacc=10.0, wait=True, is_radian=True) == 0
    assert arm.get_servo_angle(is_radian=True)[1] == pytest.approx(target, abs=5e-3)
    code, states = arm.get_joint_states(is_radian=True)
    assert code == 0
    assert [len(part) for part in states] == [7, 7, 7]
    assert arm.set_servo_angle(angle=HOME, speed=1.5, mvacc=10.0, wait=True, is_radian=True) == 0


def test_servo_points_are_followed(arm: Any) -> None:
    ready(arm, 1)
    for k in range(1, 41):
        assert arm.set_servo_angle_j([0.005 * k, *HOME[1:]], is_radian=True) == 0
        time.sleep(0.01)
    until(lambda: abs(arm.angles[0] - 0.2) < 0.005, "the arm is there")


def test_the_gripper_follows(arm: Any) -> None:
    assert arm.get_gripper_version() == (0, "3.4.3")
    for call in (arm.set_gripper_enable, arm.set_gripper_mode, arm.set_gripper_speed):
        assert (
            call({"set_gripper_speed": 3000}.get(call.__name__, call.__name__ == "set_gripper_enable")) == 0
        )
    ready(arm, 1)  # the world of a scene moves once the arm may
    assert arm.set_gripper_position(300, wait=True, wait_motion=False) == 0
    until(lambda: abs(arm.get_gripper_position()[1] - 300) < 20, "the gripper is there")
    assert arm.set_gripper_position(850, wait=True, wait_motion=False) == 0


def test_an_error_stops_it_and_is_cleared_in_order(arm: Any, box: XArm7Emulator) -> None:
    ready(arm, 1)
    box.board.set("error", 31)
    until(lambda: arm.state == 4, "the report shows the stop")
    assert arm.set_servo_angle_j(HOME, is_radian=True) == 1
    assert arm.get_err_warn_code() == (0, [31, 0])
    assert arm.clean_error() == 0
    assert arm.get_err_warn_code() == (0, [0, 0])
    assert arm.state == 4
    ready(arm, 1)


def test_another_client_sees_errors_and_brakes_in_the_rich_report(arm: Any, box: XArm7Emulator) -> None:
    from xarm.wrapper import XArmAPI

    ready(arm, 1)
    other = XArmAPI(box.host, is_radian=True, report_type="rich", forbid_uds=True)
    try:
        until(lambda: other.motor_enable_states[:7] == [1] * 7, "all motors are on")
        box.board.set("emergency_stop")
        until(lambda: other.error_code == 1 and other.motor_brake_states[:7] == [0] * 7, "power is cut")
    finally:
        other.disconnect()
        socket.setdefaulttimeout(None)


def test_what_the_box_does_not_plan_is_refused(arm: Any) -> None:
    ready(arm, 0)
    assert arm.set_position(410, 0, 200, is_radian=True) == 10


def test_standard_modbus_is_not_offered(arm: Any) -> None:
    code, _ = arm.read_holding_registers(0, 1)
    assert code == 129
