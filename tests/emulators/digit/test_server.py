"""Real processes and a real network: the rate of 1 kHz, the loss of the link, and a killed driver."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

pytest.importorskip("mujoco")

from mvp_real.emulators.digit.body import DigitBody, Mode
from mvp_real.emulators.digit.faults import digit_faults
from mvp_real.emulators.digit.robot import EmulatedDigit
from mvp_real.emulators.digit.server import DigitServer
from mvp_real.emulators.fault_socket import FaultClient, parse_address
from mvp_real.errors import MvpRealError
from mvp_real.robots.digit import load_digit
from mvp_real.robots.digit_link.channel import Channel
from mvp_real.robots.digit_link.link import DigitLink
from mvp_real.robots.digit_link.servo_loop import OWN_BEAT, ServoSettings

pytestmark = pytest.mark.slow

TABLE = load_digit()
PATIENCE = 60.0  # s of wall time
STOPPED_WITHIN = 0.12  # s, the specification
SLACK = 0.25  # s that a busy computer may take


class Emulator:
    """A robot on a real network, in a thread: its state can be looked at."""

    def __init__(self) -> None:
        self.board = digit_faults()
        self.robot = EmulatedDigit(DigitBody(hold=True), self.board)
        self.server = DigitServer(self.robot, "127.0.0.1", 0, say=lambda text: None)
        self.port = self.server.port
        self._thread = threading.Thread(target=self.server.run, daemon=True)
        self._thread.start()

    @property
    def mode(self) -> Mode:
        return self.robot.body.mode

    def until(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, (
                f"waited in vain until {what}: {self.mode} {self.robot.history}"
            )
            time.sleep(0.005)

    def close(self) -> None:
        self.server.close()
        self._thread.join(PATIENCE)


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    emulator = Emulator()
    yield emulator
    emulator.close()


class Driver:
    """The servo process as the node starts it, and a policy that holds the default pose."""

    def __init__(self, port: int, clock: str = "robot") -> None:
        mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        settings = ServoSettings("127.0.0.1", port, 0, clock=clock)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mvp_real.robots.digit_link.servo_process", str(theirs.fileno()),
             json.dumps(asdict(settings))],
            pass_fds=[theirs.fileno()],
        )  # fmt: skip
        theirs.close()
        self.channel = Channel(mine)
        self.header: dict[str, Any] = {}
        self.diagnostics: dict[str, str] = {}
        self.answer: dict[str, Any] = {}
        self.changes: list[tuple[float, str, str]] = []
        self._commanded_at = 0.0
        self.drives = False

    def listen(self) -> None:
        """Take one message, and command if there is something to answer."""
        word = self.channel.receive(wait=True)
        assert word is not None
        header = word[0]
        if header["kind"] == "answer":
            self.answer = header
        if header["kind"] != "report":
            return
        if header["state"] != self.header.get("state"):
            self.changes.append((time.monotonic(), header["state"], header["reason"]))
        self.header = header
        self.diagnostics = header.get("diagnostics", self.diagnostics)
        if self.drives and header["now"] >= self._commanded_at + 0.02:
            self._commanded_at = header["now"]
            values = np.concatenate([TABLE.default_pose, TABLE.kp, TABLE.kd])
            self.channel.send({"kind": "command", "stamp": header["now"]}, values)

    def until(self, condition: Any, what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, (
                f"waited in vain until {what}: {self.header} {self.diagnostics}"
            )
            self.listen()

    def ask(self, kind: str) -> dict[str, Any]:
        number = self.answer.get("number", 0) + 1
        self.channel.send({"kind": kind, "number": number})
        self.until(lambda: self.answer.get("number") == number, f"{kind} is answered")
        return self.answer

    def drive(self) -> None:
        self.until(lambda: self.diagnostics.get("link") == "connected", "it is connected")
        assert self.ask("enable")["state"] == "running", self.answer
        self.drives = True
        self.until(lambda: self.diagnostics.get("authority") == "driving", "it drives")

    def close(self) -> None:
        self.channel.close()
        self.process.wait(PATIENCE)


@pytest.fixture
def driver(emulator: Emulator) -> Iterator[Driver]:
    emulator.board.clear()
    driver = Driver(emulator.port)
    driver.drive()
    yield driver
    driver.close()


def test_one_kilohertz_without_damage(emulator: Emulator, driver: Driver) -> None:
    """By the robot's clock, which a busy computer slows down for both sides."""
    start, began = int(driver.diagnostics["observations"]), driver.header["now"]
    driver.until(lambda: driver.header["now"] > began + 3.0, "three seconds of the robot have passed")
    driver.until(lambda: "diagnostics" in driver.header, "diagnostics")
    passed = driver.header["now"] - began
    observed = int(driver.diagnostics["observations"]) - start
    observed += int(driver.diagnostics["observations overtaken"])
    assert observed == pytest.approx(1000 * passed, rel=0.1)
    assert driver.diagnostics["checksum errors"] == driver.diagnostics["malformed"] == "0"
    assert driver.diagnostics["send errors"] == driver.diagnostics["observations out of order"] == "0"
    assert driver.header["state"] == "running", driver.header
    # Of wall time: 1 ms, or where the robot is slowed at most the loop's own beat and a little.
    assert 0.2 < float(driver.diagnostics["loop period p50 (ms)"]) < 1500.0 * OWN_BEAT
    assert int(driver.diagnostics["accepted"]) > 100


@pytest.mark.parametrize("fault", ["silence", "drop"])
def test_the_driver_stops_within_120_ms_of_the_loss(emulator: Emulator, driver: Driver, fault: str) -> None:
    began = time.monotonic()
    emulator.board.set(fault)
    driver.until(lambda: driver.header["state"] == "stopped", "it has stopped")
    assert driver.header["reason"] == "the robot has been silent for 0.10 s"
    assert driver.changes[-1][0] - began < STOPPED_WITHIN + SLACK


def test_a_killed_driver_leaves_a_damping_robot(emulator: Emulator, driver: Driver) -> None:
    assert emulator.mode is Mode.LOW_LEVEL
    driver.process.kill()
    driver.process.wait()
    emulator.until(lambda: emulator.mode is not Mode.LOW_LEVEL, "it falls back")
    milliseconds, mode, why = emulator.robot.history[-1]
    assert (mode, why) == (Mode.DAMPING, "no command for 0.10 s")
    late = milliseconds / 1000 - emulator.robot._commanded_at  # of the robot's clock, exact
    assert late == pytest.approx(0.101, abs=0.0015)


def test_a_node_that_dies_ends_the_loop_in_damping(emulator: Emulator, driver: Driver) -> None:
    driver.channel.close()  # all that a dead node leaves behind
    assert driver.process.wait(PATIENCE) == 0
    emulator.until(lambda: emulator.mode is Mode.DAMPING, "the robot damps")
    *_, why = emulator.robot.history[-1]
    assert why == "commands are not to be applied", (
        "it was handed over, and had not to wait for its own timeout"
    )


def test_a_driver_that_starts_anew_takes_nothing_by_itself(emulator: Emulator) -> None:
    emulator.board.clear()
    driver = Driver(emulator.port)
    commands = emulator.robot.counters["commands"]
    driver.until(lambda: driver.diagnostics.get("link") == "connected", "it is connected")
    until = driver.header["now"] + 0.5
    driver.until(lambda: driver.header["now"] > until, "half a second has passed")
    assert emulator.robot.counters["commands"] == commands
    driver.close()


def test_on_the_computers_clock_as_with_a_real_robot(emulator: Emulator) -> None:
    emulator.board.clear()
    driver = Driver(emulator.port, clock="host")
    driver.until(lambda: driver.diagnostics.get("link") == "connected", "it is connected")
    driver.until(lambda: driver.header["fresh"], "a measurement")
    assert driver.header["now"] == pytest.approx(time.time(), abs=5.0)
    # A computer that holds everybody up for 40 ms may stop it here: tried until it drives.
    driver.until(
        lambda: (
            driver.ask("clear_fault")["state"] == "disabled" and driver.ask("enable")["state"] == "running"
        ),
        "enabled",
    )
    before = emulator.robot.counters["commands"]
    driver.drives = True
    driver.until(lambda: int(driver.diagnostics.get("accepted", "0")) > 0, "a command is accepted")
    emulator.until(lambda: emulator.robot.counters["commands"] > before + 20, "the robot is commanded")
    driver.close()


def test_the_command_serves_until_it_is_interrupted() -> None:
    command = [sys.executable, "-m", "mvp_real", "emulate", "digit", "--port", "0", "--reply-port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    assert ready["ready"] is True
    port = parse_address(ready["address"])[1]
    faults = FaultClient(*parse_address(ready["faults"]))
    assert {"silence", "power_cycle", "emergency_stop", "packet_loss", "gain_drop", "push"} <= set(
        faults.known()
    )
    link, seen, deadline = DigitLink(TABLE, "127.0.0.1", port, 0), None, time.monotonic() + PATIENCE
    while seen is None:
        assert time.monotonic() < deadline
        link.send(None)
        seen = link.poll()
        time.sleep(0.001)
    assert seen.base_position[2] > 0.9
    faults.set("error")
    while not seen.error:
        assert time.monotonic() < deadline
        link.send(None)
        seen = link.poll() or seen
        time.sleep(0.001)
    link.close()
    taken = subprocess.run(
        [*command[:-3], str(port)], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert taken.returncode == 2
    assert "is another emulator running?" in taken.stderr
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 0


def test_addresses_that_cannot_be() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(MvpRealError, match="is another driver running"):
            DigitLink(TABLE, "127.0.0.1", 25500, taken.getsockname()[1])
    with pytest.raises(MvpRealError, match="no IPv4 address"):
        DigitLink(TABLE, "digit.local")
