"""Driver and emulated robot together, millisecond by millisecond: the robot's own rules, and every fault.

Times are exact here; with processes and a network they are in `test_server.py` and `tests/nodes/test_digit_driver.py`.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("mujoco")

from mvp_real.emulators.digit.body import Mode
from mvp_real.emulators.digit.robot import BOOT_MS
from mvp_real.robots.digit_link import chunks
from mvp_real.robots.digit_link.chunks import encode_chunk
from mvp_real.robots.verdict import DriverState

from .bench import CLIENT, Bench


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.drive()
    return bench


def test_connecting_takes_no_command_and_leaves_the_vendors_controller(bench: Bench) -> None:
    fresh = Bench()
    assert fresh.until(lambda: fresh.seen is not None, 200) < 50
    fresh.run(300)
    assert fresh.mode is Mode.LOCOMOTION
    assert fresh.link.sent == 0
    assert fresh.robot.counters["commands"] == 0
    assert fresh.link.connected


def test_in_shadow_a_policy_commands_and_the_robot_hears_nothing() -> None:
    bench = Bench(shadow=True)
    bench.engage()
    bench.run(1000)
    assert bench.state is DriverState.RUNNING
    assert bench.servo.limiter.counters["accepted"] >= 49
    assert bench.mode is Mode.LOCOMOTION
    assert bench.robot.counters["commands"] == bench.link.sent == 0
    assert bench.link.connected


def test_a_command_and_an_observation_every_millisecond_and_no_damage(bench: Bench) -> None:
    commands, observations = bench.robot.counters["commands"], bench.link.subscriber.counters["messages"]
    bench.run(1000)
    assert bench.robot.counters["commands"] - commands == 1000
    assert bench.link.subscriber.counters["messages"] - observations == 1000
    for side in (bench.robot.subscriber, bench.link.subscriber):
        assert side.counters["checksum errors"] == side.counters["malformed"] == 0
    assert bench.state is DriverState.RUNNING
    moved = bench.robot.body.joint_reading().position[:20] - bench.table.default_pose
    assert np.abs(moved).max() < 0.05
    assert bench.largest < 1.0


def test_a_driver_that_dies_leaves_a_damping_robot_after_100_ms(bench: Bench) -> None:
    bench.alive = False
    assert bench.until(lambda: bench.mode is not Mode.LOW_LEVEL, 200) == pytest.approx(101, abs=1)
    assert bench.mode is Mode.DAMPING
    assert bench.robot.history[-1][2] == "no command for 0.10 s"
    bench.run(300)
    assert bench.mode is Mode.DAMPING
    bench.alive = True
    bench.run(1000)
    assert bench.state is DriverState.STOPPED, "nothing resumes by itself"


# Fault; ms until the driver has stopped; state and reason; what the robot then does.
FAULTS: list[tuple[str, float | None, int, DriverState, str, Mode]] = [
    ("silence", None, 102, DriverState.STOPPED, "the robot has been silent for 0.10 s", Mode.LOW_LEVEL),
    ("drop", None, 102, DriverState.STOPPED, "the robot has been silent for 0.10 s", Mode.DAMPING),
    ("error", None, 2, DriverState.STOPPED, "the robot reports an error", Mode.LOW_LEVEL),
    ("emergency_stop", None, 2, DriverState.STOPPED, "the robot reports an error", Mode.DISABLED),
    ("power_cycle", None, 102, DriverState.STOPPED, "the robot has been silent for 0.10 s", Mode.DISABLED),
    ("wrong_version", None, 2, DriverState.STOPPED, "the robot has described itself anew", Mode.LOW_LEVEL),
    ("garble", 1.0, 102, DriverState.STOPPED, "the robot has been silent for 0.10 s", Mode.LOW_LEVEL),
    ("packet_loss", 1.0, 102, DriverState.STOPPED, "the robot has been silent for 0.10 s", Mode.DAMPING),
    ("delay", 0.5, 102, DriverState.STOPPED, "the robot has been silent for 0.10 s", Mode.LOW_LEVEL),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "value", "within", "state", "reason", "mode"), FAULTS)
def test_faults_that_stop(
    bench: Bench, fault: str, value: float | None, within: int, state: DriverState, reason: str, mode: Mode
) -> None:
    bench.board.set(fault, value)
    bench.until(lambda: bench.state is not DriverState.RUNNING, within)
    assert bench.state is state
    assert reason in bench.reason
    bench.run(150)
    assert bench.mode is mode
    if mode is Mode.LOW_LEVEL:  # the robot still hears: it is told to damp
        np.testing.assert_array_equal(bench.robot.body._torque, 0.0)
        np.testing.assert_array_equal(bench.robot.body._damping, bench.table.kd)
    bench.board.clear()
    bench.until(lambda: bench.link.connected, BOOT_MS + 1000)
    bench.run(100)
    assert bench.state is state, "latched"
    assert bench.largest <= 1.0 + 1e-9


@pytest.mark.parametrize(
    ("fault", "value"),
    [
        ("delay", 0.01),
        ("jitter", 0.02),
        ("garble", 0.2),
        ("packet_loss", 0.3),
        ("gain_drop", 0.5),
        ("push", 0.3),
    ],
)
def test_faults_that_it_lives_with(bench: Bench, fault: str, value: float) -> None:
    bench.board.set(fault, value)
    bench.run(1000)
    assert bench.state is DriverState.RUNNING
    assert bench.mode is Mode.LOW_LEVEL
    assert bench.largest <= 1.0 + 1e-9
    if fault == "garble":
        assert bench.link.subscriber.counters["checksum errors"] > 100


def test_frozen_measurements_keep_coming(bench: Bench) -> None:
    """The walking policy notices it (`encoders are frozen`); the driver's limiter does not look for it."""
    bench.board.set("freeze")
    bench.run(2)
    before = bench.seen
    assert before is not None
    bench.run(100)
    assert bench.seen is not None
    np.testing.assert_array_equal(bench.seen.motor_position, before.motor_position)
    assert bench.seen.time > before.time


def test_an_error_ends_the_interface_after_its_delay(bench: Bench) -> None:
    bench.board.set("error")
    bench.run(1900)
    assert bench.mode is Mode.LOW_LEVEL, "damping, as the driver asks"
    bench.run(200)
    assert bench.mode is Mode.DAMPING
    assert bench.robot.history[-1][2] == "the low-level interface has ended after an error"
    assert "still reports an error" in bench.servo.clear_fault(99.0).reason


def recover(bench: Bench) -> None:
    """What the documentation tells an operator to do."""
    bench.commanded = False
    now = bench.servo.measurement.stamp  # type: ignore[union-attr]
    assert bench.servo.clear_fault(now).state is DriverState.DISABLED
    bench.run(50)
    restarted = bench.servo.counters["robot restarts"] > 0  # it is then told nothing at all
    assert bench.mode is (Mode.DISABLED if restarted else Mode.DAMPING), "nobody stands it up by itself"
    assert bench.servo.home().reason == ""
    bench.run(300)
    assert bench.mode is Mode.LOCOMOTION


@pytest.mark.parametrize(
    "fault", ["silence", "drop", "error", "emergency_stop", "power_cycle", "wrong_version"]
)
def test_the_way_back_from_each(bench: Bench, fault: str) -> None:
    bench.board.set(fault)
    bench.until(lambda: bench.state is not DriverState.RUNNING, 150)
    bench.run(200)
    bench.board.clear()
    bench.until(lambda: bench.link.connected, BOOT_MS + 1000)
    bench.run(50)
    recover(bench)
    bench.drive()
    assert bench.mode is Mode.LOW_LEVEL


def test_another_interface_is_refused_by_name(bench: Bench) -> None:
    bench.board.set("wrong_version")
    bench.run(600)
    assert not bench.link.connected
    assert "the description has no field 'left_hip_roll.position'" in bench.link.problem
    assert "no field" in bench.servo._unfit()
    bench.board.clear()
    bench.until(lambda: bench.link.connected, 1000)


def test_a_power_cycle_begins_anew(bench: Bench) -> None:
    bench.board.set("power_cycle")
    bench.run(BOOT_MS + 500)
    assert bench.board.active() == {}, "the robot has restarted and ends the fault itself"
    assert bench.robot.time < 1.0
    assert bench.servo.counters["robot restarts"] == 1


@settings(max_examples=20)
@given(
    st.lists(
        st.tuples(st.sampled_from([chunks.PLAIN, b"DESC", b"ENUM", b"CMNt"]), st.binary(max_size=600)),
        max_size=10,
    )
)
def test_arbitrary_datagrams_never_move_it(parts: list[tuple[bytes, bytes]]) -> None:
    """With good checksums, from the connected client and from a stranger."""
    bench = quiet_bench()
    commands = bench.robot.counters["commands"]
    for kind, data in parts:
        bench.robot.receive(encode_chunk(kind, data), CLIENT)
        bench.robot.receive(encode_chunk(kind, data)[:-1], CLIENT)
        bench.robot.receive(encode_chunk(kind, data), ("127.0.0.1", 1))
        bench.robot.step()
    assert bench.mode is Mode.LOCOMOTION
    assert bench.robot.counters["commands"] == commands


_QUIET: list[Bench] = []


def quiet_bench() -> Bench:
    """Connected and never commanded; one for all examples."""
    if not _QUIET:
        bench = Bench()
        bench.until(lambda: bench.link.connected, 200)
        bench.run(100)
        _QUIET.append(bench)
    _QUIET[0].run(1)
    return _QUIET[0]
