"""Doctor's look at a hand and at a Digit: real clients on emulated devices, nothing commanded."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

pytest.importorskip("mujoco")
pytest.importorskip("can")

from mvp_real.cli.doctor_robots import _limits, digit, hand
from mvp_real.emulators.digit.body import DigitBody, Mode
from mvp_real.emulators.digit.faults import digit_faults
from mvp_real.emulators.digit.robot import EmulatedDigit
from mvp_real.emulators.digit.server import DigitServer
from mvp_real.robots.digit import load_digit
from mvp_real.robots.digit_link.observation import MotorLimits

from ..robots.allegro.hand_bench import Ear, HandProcess, free_channel

TABLE = load_digit()


@pytest.fixture(scope="module")
def emulated_hand() -> Iterator[HandProcess]:
    process = HandProcess()
    yield process
    process.close()


@pytest.mark.slow
def test_a_hand_says_who_it_is_and_gets_no_torque(emulated_hand: HandProcess) -> None:
    ear = Ear(emulated_hand.channel)
    try:
        (finding,) = hand(f"udp_multicast:{emulated_hand.channel}")
        assert finding.ok, finding.detail
        for text in ("serial ", "right", "hardware 0x", "firmware 0x", "motors off"):
            assert text in finding.detail
        time.sleep(0.2)
        assert not ear.pulls()
    finally:
        ear.close()


@pytest.mark.slow
def test_a_bus_without_a_hand() -> None:
    (finding,) = hand(f"udp_multicast:{free_channel()}")
    assert finding.ok is False
    assert "check power, cable" in finding.detail


def test_a_bus_that_does_not_exist() -> None:
    (finding,) = hand("can77")
    assert finding.ok is False
    assert "can77" in finding.detail


@pytest.mark.slow
def test_a_digit_is_looked_at_and_keeps_its_controller() -> None:
    robot = EmulatedDigit(DigitBody(hold=True), digit_faults())
    server = DigitServer(robot, "127.0.0.1", 0, say=lambda text: None)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        seen, limits = digit("127.0.0.1", server.port, 0)
        assert "observations/s" in seen.detail
        assert ", 0 malformed" in seen.detail
        assert int(seen.detail.split(", ")[1].split()[0]) > 300, "a busy machine has half of them, not none"
        assert limits.ok, limits.detail
        assert robot.body.mode is Mode.LOCOMOTION
    finally:
        server.close()
        thread.join(5.0)


def test_a_digit_that_is_not_there() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = taken.getsockname()[1]
    (finding,) = digit("127.0.0.1", nobody, 0)
    assert finding.ok is False
    assert "no observation" in finding.detail
    (finding,) = digit("digit.local", 25500, 0)
    assert "no IPv4 address" in finding.detail


def test_lower_limits_of_the_robot_are_named() -> None:
    limits = MotorLimits(TABLE.torque_limit.copy(), TABLE.damping.copy(), TABLE.speed_limit.copy(), 1.0)
    assert _limits(limits).ok
    torque = limits.torque.copy()
    torque[3] *= 0.5
    finding = _limits(replace(limits, torque=torque))
    assert finding.ok is False
    assert f"torque of {TABLE.motors[3]}" in finding.detail
