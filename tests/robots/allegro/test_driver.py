"""The driver with its loop in another process, against the emulated hand in a third, over UDP multicast.

Exact times of each fault are in `test_loop`, where time is simulated; here is shown that the same happens between
real processes, and what only processes can do: die, stall and be stopped.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import numpy as np
import pytest

pytest.importorskip("can")
pytest.importorskip("msgpack")
pytest.importorskip("mujoco")

from mvp_real.emulators.allegro.server import HandServer
from mvp_real.errors import MvpRealError
from mvp_real.messages import JointTarget
from mvp_real.robots.allegro.driver import AllegroHand
from mvp_real.robots.allegro.table import load_hand
from mvp_real.robots.verdict import DriverState

from .hand_bench import PATIENCE, Ear, HandProcess, free_channel, resume, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.nodes]

TABLE = load_hand("v4")
SOON = 8.0  # s of wall time for what takes 0.3 s (1.2 s after a stalled driver) on an idle machine
# A machine that tests other things at the same time may keep everything waiting for a while.
PATIENT = {"frame_age": 0.3, "parent_age": 1.0, "loop_age": 0.5}

PARENT = """
import sys, time
from mvp_real.robots.allegro.driver import AllegroHand
from mvp_real.robots.allegro.table import load_hand

patient = {"frame_age": 0.3, "parent_age": 1.0, "loop_age": 0.5}
hand = AllegroHand(load_hand("v4"), "udp_multicast", sys.argv[1], changes=patient)
hand.connect(90.0)
while hand.home().state.value != "running":
    hand.clear_fault()
    time.sleep(0.1)
print(hand.loop_pid, flush=True)
time.sleep(600)
"""


class Bench:
    """Emulator, ear and driver; `moving` brings them back to a hand that is held by torque."""

    def __init__(self) -> None:
        self.emulator = HandProcess()
        self.ear = Ear(self.emulator.channel)
        self.stops: list[str] = []
        self.hand = AllegroHand(
            TABLE, "udp_multicast", self.emulator.channel, changes=PATIENT, stopped=self.stops.append
        )
        self.hand.connect(PATIENCE)

    def moving(self) -> None:
        self.emulator.faults.clear()
        hand = self.hand

        def running() -> bool:
            if hand.state is DriverState.STOPPED:
                hand.clear_fault()
            elif hand.state is not DriverState.RUNNING or not hand.homing:
                hand.home()
            return hand.state is DriverState.RUNNING

        wait_until(running, f"the hand runs; {hand.reason}")
        wait_until(lambda: self.ear.pulls(), "there is torque on the bus")
        self.stops.clear()

    def stopped(self, text: str) -> None:
        """The driver has latched a stop that names its reason, and there is no torque any more."""
        took = wait_until(lambda: self.hand.state is DriverState.STOPPED, f"stopped by '{text}'")
        assert text in self.hand.reason
        let_go = wait_until(lambda: self.ear.torque == 0, "no torque on the bus")
        assert took + let_go < SOON
        assert self.stops == [self.hand.reason]

    def close(self) -> None:
        self.hand.close()
        self.ear.close()
        self.emulator.close()


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.close()


def test_joints_follow_targets_through_limiter_loop_and_wire(bench: Bench) -> None:
    bench.moving()
    hand = bench.hand
    wait_until(lambda: not hand.homing, "the hand is at home")
    wait_until(lambda: np.abs(hand.read().position - TABLE.home).max() < 0.06, "the joints are at home")
    goal = np.array(TABLE.home)
    goal[[1, 6, 11, 13]] += [0.5, 0.6, 0.7, 0.4]

    def arrived() -> bool:
        """As a policy: a step of up to 0.2 rad from the last target, a few times a second."""
        target = hand._limiter._target
        step = np.clip(goal - target, -0.15, 0.15)
        verdict = hand.command(JointTarget(TABLE.joint_names, target + step, time.monotonic(), 0.2))
        assert verdict.state in (DriverState.RUNNING, DriverState.HOLD), verdict.reason
        time.sleep(0.2)
        return bool(np.abs(hand.read().position - goal).max() < 0.06)

    wait_until(arrived, "the joints are at the goal")
    reading = hand.read()
    assert reading.names == TABLE.joint_names
    assert reading.effort is not None
    assert np.abs(reading.effort).max() > 0.01
    diagnostics = hand.diagnostics()
    assert diagnostics["frames refused"] == "0"
    assert diagnostics["serial number"] == "00AR0042"
    assert diagnostics["loop"] == "control"


@pytest.mark.extended
@pytest.mark.parametrize(
    ("fault", "value", "text"),
    [
        ("silence", None, "no joint angles"),
        ("drop", None, "no joint angles"),
        ("power_cycle", None, "no joint angles"),
        ("emergency_stop", None, "without power for its motors"),
        ("error", 2.0, "too hot"),
        ("loss", 0.99, "no joint angles"),
    ],
)
def test_faults_of_the_hand_stop_it_and_are_cleared_by_an_operator(
    bench: Bench, fault: str, value: float | None, text: str
) -> None:
    bench.moving()
    bench.emulator.faults.set(fault, value)
    bench.stopped(text)
    hand = bench.hand
    refused = hand.enable()
    assert refused.state is DriverState.STOPPED
    if fault in ("silence", "drop", "emergency_stop"):
        wait_until(lambda: not hand.ready, "the loop has noticed")
        verdict = hand.clear_fault()
        assert verdict.state is DriverState.STOPPED
        assert "cannot be cleared" in verdict.reason
    bench.emulator.faults.clear()

    def cleared() -> bool:
        return hand.clear_fault().state is DriverState.DISABLED

    wait_until(cleared, "the fault can be cleared")
    assert hand.enable().state is DriverState.RUNNING, "and the hand is of use again"


def test_disable_lets_go_without_a_fault(bench: Bench) -> None:
    bench.moving()
    bench.hand.disable()
    assert bench.hand.state is DriverState.DISABLED
    assert wait_until(lambda: bench.ear.torque == 0, "no torque on the bus") < SOON
    assert bench.stops == []


def test_a_killed_loop_process_leaves_no_torque_and_is_replaced(bench: Bench) -> None:
    bench.moving()
    pid = bench.hand.loop_pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    bench.stopped("the control loop ended (signal 9)")
    wait_until(lambda: bench.hand.ready, "a new loop is there")
    assert bench.hand.loop_pid != pid
    assert bench.ear.torque == 0
    bench.moving()


def test_a_stalled_loop_process_leaves_no_torque(bench: Bench) -> None:
    bench.moving()
    pid = bench.hand.loop_pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        bench.stopped("no sign of life of the control loop")
        assert bench.ear.off_at > 0.0
    finally:
        resume(pid)
    wait_until(lambda: bench.hand.ready, "the loop goes on")
    since = time.monotonic()
    time.sleep(0.5)
    assert all(count == 0 for at, count in list(bench.ear.torques) if at > since), "and pulls at nothing"
    bench.moving()


@pytest.mark.parametrize(("number", "text"), [(signal.SIGKILL, "killed"), (signal.SIGSTOP, "stopped")])
def test_a_driver_that_is_killed_or_stopped_leaves_no_torque(number: signal.Signals, text: str) -> None:
    emulator = HandProcess()
    ear = Ear(emulator.channel)
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, emulator.channel], stdout=subprocess.PIPE, text=True
    )
    try:
        assert parent.stdout is not None
        loop = int(parent.stdout.readline())
        wait_until(ear.pulls, "there is torque on the bus")
        parent.send_signal(number)
        assert wait_until(lambda: ear.torque == 0, f"no torque after the driver was {text}") < SOON
        if number == signal.SIGKILL:
            wait_until(lambda: ear.off_at > 0.0, "the motors have no power")
            wait_until(lambda: not _alive(loop), "the loop has ended by itself")
    finally:
        parent.kill()
        parent.wait()
        wait_until(lambda: not _alive(loop), "no process is left over")
        ear.close()
    assert emulator.close()["no torque"]


def _alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_without_a_hand_connecting_says_what_is_missing() -> None:
    hand = AllegroHand(TABLE, "udp_multicast", free_channel())
    # No hand answers however long one waits; the time is for the loop's process to start.
    started = time.monotonic()
    with pytest.raises(MvpRealError, match=r"no answer from the hand|has not started"):
        hand.connect(4.0)
    assert time.monotonic() - started < PATIENCE


def test_another_generation_is_refused_unless_it_is_accepted() -> None:
    emulator = HandProcess("v5")
    emulator.faults.set("wrong_version")
    try:
        hand = AllegroHand(load_hand("v5"), "udp_multicast", emulator.channel)
        with pytest.raises(MvpRealError, match=r"0x0203.*hardware_version:=515"):
            hand.connect(PATIENCE)
        hand = AllegroHand(load_hand("v5"), "udp_multicast", emulator.channel, accept_hardware=0x0203)
        hand.connect(PATIENCE)
        assert hand.diagnostics()["hardware version"] == "0x0203"
        hand.close()
    finally:
        emulator.close()


@pytest.mark.extended
def test_within_one_process_over_the_virtual_interface() -> None:
    channel = f"hand{os.getpid()}"
    with HandServer(TABLE, "virtual", channel) as server:
        hand = AllegroHand(
            TABLE, "virtual", channel, changes={"frame_age": 2.0, "parent_age": 5.0, "loop_age": 5.0}
        )
        hand.connect(PATIENCE)
        assert hand.home().state is DriverState.RUNNING
        # How well it moves is no matter here: a loop in a thread has to wait for all others of its process.
        wait_until(lambda: any(server.hand.torque), "there is torque")
        wait_until(lambda: hand.report.cycles > 50, "the loop has cycles")
        hand.close()
        wait_until(lambda: not server.hand.servo_on, "the motors have no power")
        assert server.statistics()["no torque"]
