"""The control loop against the emulated hand in simulated time: motion, and every fault with its exact time."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("mujoco")

from mvp_real.robots.allegro import wire
from mvp_real.robots.allegro.mailbox import LoopState, Mode, Report
from mvp_real.robots.allegro.table import load_hand

from .simulated_time import SimulatedHand, changed

TABLE = load_hand("v4")
PERIOD, AGE, DECAY = TABLE.servo_period, TABLE.frame_age, TABLE.decay_time
STARTED = 0.6  # s by which the hand, half a second of booting included, is ready


def moving(variant: str = "v4", side: str = "right") -> SimulatedHand:
    """A hand that starts, and moves for a second from `STARTED` on."""
    hand = SimulatedHand(variant, side)
    target = np.array(hand.table.home) + 0.2
    hand.at(STARTED, lambda: hand.move(target, 1.0))
    return hand


@pytest.mark.parametrize(
    ("variant", "side"), [("v4", "right"), ("v4", "left"), ("v5", "right"), ("v5a", "left")]
)
def test_joints_reach_their_targets_and_stay_there(variant: str, side: str) -> None:
    hand = moving(variant, side)
    seen: list[tuple[Report, float]] = []
    hand.at(3.0, lambda: seen.append((hand.report, float(np.abs(hand.hand.physics.velocity).max()))))
    hand.run(3.1)
    (report, speed) = seen[0]
    target = np.array(hand.table.home) + 0.2
    assert np.abs(np.array(report.position) - target).max() < 0.06
    assert not report.fault
    assert speed < 0.2


def test_a_cycle_per_three_milliseconds_and_four_torque_frames_per_cycle() -> None:
    hand = moving()
    hand.at(1.0, lambda: hand.torques.clear())
    counts: list[int] = []
    hand.at(2.5, lambda: counts.append(len(hand.torques)))
    hand.run(2.6)
    (cycles,) = counts
    assert cycles == pytest.approx(1.5 / PERIOD, abs=2)
    assert hand.hand.counts["torque frames"] >= 4 * cycles
    assert hand.report.late <= 1, "the first one"
    assert hand.report.refused == 0


def test_no_torque_is_given_before_the_driver_wants_control() -> None:
    hand = SimulatedHand()
    hand.run(1.6)
    assert len(hand.torques) > 300
    assert max(count for _, count in hand.torques) == 0


def test_torque_never_exceeds_its_limit_or_its_rate() -> None:
    """A motion that got damaged asks for a jump of ten radians."""
    hand = moving()
    hand.at(STARTED, lambda: hand.interpolator.reset(np.full(16, 10.0), hand.clock.now()))
    seen: list[list[float]] = []
    hand.at(STARTED, lambda: None)
    send = hand.send

    def spy(frame: wire.Frame) -> bool:
        result = send(frame)
        if frame.identifier >> 2 == wire.TORQUE + 3:
            seen.append(hand.loop._scale.torques(hand._counts))
        return result

    hand.send = spy  # type: ignore[method-assign]
    hand.run(1.2)
    torques = np.array(seen)
    assert np.abs(torques).max() > 0.1
    assert np.all(np.abs(torques) <= TABLE.torque_limit + 1e-3)
    assert np.abs(np.diff(torques, axis=0)).max() <= 2.0 * TABLE.torque_rate * PERIOD + 1e-3
    assert np.all(np.array(hand.report.set_point) <= TABLE.range_upper + 1e-12)


def check(hand: SimulatedHand, text: str, at: float, within: float) -> None:
    """The fault is named, comes between `at` and `at + within`, and no torque is left a decay time later."""
    began, fault = hand.fault()
    assert text in fault
    start = 100.0 + at
    assert start < began <= start + within + PERIOD
    assert hand.zero_since() <= began + DECAY + 2 * PERIOD
    assert any(count > 20 for time, count in hand.torques if time < start), "there was torque to lose"


def test_silence_of_the_hand() -> None:
    hand = moving()
    hand.at(1.1, lambda: hand.board.set("silence"))
    hand.run(1.6)
    check(hand, "no joint angles of the index finger for 0.05 s", 1.1, AGE + 2 * PERIOD)
    assert hand.fault()[0] > 101.1 + AGE - PERIOD, "and not before its time"
    assert not any(hand.hand.torque), "a silent hand still hears"


def test_unplugged_cable_and_zero_torque_when_it_is_plugged_in_again() -> None:
    """The hand has no watchdog: while it hears nothing, it keeps its last torque."""
    hand = moving()
    hand.at(1.1, lambda: hand.board.set("drop"))
    kept: list[float] = []
    hand.at(1.6, lambda: kept.append(max(map(abs, hand.hand.torque))))
    hand.at(1.6, lambda: hand.board.clear("drop"))
    hand.at(1.8, lambda: kept.append(max(map(abs, hand.hand.torque))))
    hand.run(2.0)
    check(hand, "no joint angles", 1.1, AGE + 2 * PERIOD)
    assert kept[0] > 0.01
    assert kept[1] == 0.0


def test_the_hand_is_started_anew_after_silence_but_gives_no_torque_until_the_fault_is_cleared() -> None:
    hand = moving()
    hand.at(1.1, lambda: hand.board.set("silence"))
    hand.at(1.6, lambda: hand.board.clear("silence"))
    states: list[tuple[LoopState, str]] = []
    hand.at(2.3, lambda: states.append((hand.report.state, hand.report.fault)))

    def clear() -> None:
        hand.generation += 1

    hand.at(2.3, clear)
    hand.at(2.6, lambda: states.append((hand.report.state, hand.report.fault)))
    hand.run(2.7)
    assert states[0][0] is LoopState.READY
    assert "no joint angles" in states[0][1]
    assert states[1] == (LoopState.CONTROL, "")
    assert all(count == 0 for time, count in hand.torques if 101.1 + AGE + DECAY + 0.01 < time < 102.3)


def test_power_cycle_of_the_hand() -> None:
    hand = moving()
    hand.at(1.1, lambda: hand.board.set("power_cycle"))
    hand.run(2.6)
    check(hand, "no joint angles", 1.1, AGE + 2 * PERIOD)
    assert hand.hand.counts["power cycles"] == 1
    assert ("READY", hand.fault()[1]) in [entry[1:] for entry in hand.reports if entry[0] > 101.6]


def test_emergency_stop() -> None:
    hand = moving()
    hand.at(1.1, lambda: hand.board.set("emergency_stop"))
    waiting: list[str] = []
    hand.at(1.9, lambda: waiting.append(hand.report.waiting))
    hand.run(2.0)
    check(hand, "without power for its motors", 1.1, 0.3)
    assert "emergency stop" in waiting[0]


@pytest.mark.parametrize(("bits", "text"), [(2, "too hot"), (4, "internal communication fault")])
def test_complaints_of_the_hand(bits: int, text: str) -> None:
    hand = moving()
    hand.at(1.1, lambda: hand.board.set("error", bits))
    hand.run(1.7)
    check(hand, text, 1.1, 0.3)


def test_frozen_angles_while_the_fingers_should_move() -> None:
    hand = moving()
    hand.at(0.8, lambda: hand.board.set("freeze"))
    hand.run(1.7)
    check(hand, "no joint angle changed", 0.8, 0.6)


def test_angles_that_stand_still_because_nothing_moves_are_no_fault() -> None:
    hand = moving()
    hand.at(3.0, lambda: hand.board.set("freeze"))
    hand.run(3.8)
    assert not hand.report.fault


def test_a_driver_that_gives_no_sign_of_life() -> None:
    hand = moving()

    def hush() -> None:
        hand.driver_speaks = False

    hand.at(1.1, hush)
    hand.run(1.8)
    check(hand, "no sign of life of the driver", 1.1, TABLE.parent_age + 2 * PERIOD)


def test_the_end_of_the_drivers_process() -> None:
    hand = moving()

    def die() -> None:
        hand.driver_speaks = hand.parent_alive = False

    hand.at(1.1, die)
    hand.run(30.0)
    assert hand.clock.now() < 101.1 + DECAY + 0.05, "the loop ends itself"
    assert hand.zero_since() <= 101.1 + DECAY + 3 * PERIOD
    assert not hand.hand.servo_on
    assert hand.report.state is LoopState.ENDED


def test_quit_lets_go_gently_and_switches_the_hand_off() -> None:
    hand = moving()

    def leave() -> None:
        hand.mode = Mode.QUIT

    hand.at(1.1, leave)
    hand.run(30.0)
    decaying = [count for time, count in hand.torques if time > 101.1 + 2 * DECAY / 10]
    assert decaying == sorted(decaying, reverse=True)
    assert any(decaying), "not at once"
    assert not hand.hand.servo_on
    before = hand.hand.counts["angle sets"]
    hand.hand.reports(hand.clock.advance(0.1))
    assert hand.hand.counts["angle sets"] == before, "and tells it to report no more"


@pytest.mark.parametrize("share", [0.02, 0.1])
def test_some_lost_frames_are_ridden_out(share: float) -> None:
    hand = moving()
    hand.at(0.8, lambda: hand.board.set("loss", share))
    hand.run(3.0)
    assert hand.outbox.lost > 50 * share
    assert not hand.report.fault
    assert np.abs(np.array(hand.report.position) - (TABLE.home + 0.2)).max() < 0.05


def test_nearly_all_frames_lost() -> None:
    hand = moving()
    hand.at(1.1, lambda: hand.board.set("loss", 0.97))
    hand.run(2.5)
    assert "no joint angles" in hand.fault()[1]


@pytest.mark.parametrize("share", [0.05, 0.3])
def test_garbled_frames_never_move_the_hand_wildly(share: float) -> None:
    """The measured joints that leave the loop are near the true ones, or the hand is let go."""
    hand = moving()
    hand.at(0.8, lambda: hand.board.set("garble", share))
    worst: list[float] = []

    def compare() -> None:
        worst.append(float(np.abs(np.array(hand.report.position) - hand.hand.physics.angles).max()))

    for k in range(100):
        hand.at(0.8 + 0.01 * k, compare)
    hand.run(1.9)
    assert hand.outbox.garbled > 100 * share
    assert hand.report.refused > 0.4 * hand.outbox.garbled
    assert max(worst) < 0.3
    assert max(count for _, count in hand.torques) <= 1200 * max(TABLE.torque_limit) / 0.7 + 1


def test_late_answers_are_noticed_though_the_angles_keep_coming() -> None:
    hand = moving()
    hand.at(0.8, lambda: hand.board.set("delay", 0.02))
    for k in range(8):  # slowly, so that no gap opens
        hand.at(0.9 + 0.1 * k, lambda k=k: hand.board.set("delay", 0.02 + 0.01 * k))  # type: ignore[misc]
    hand.run(2.0)
    assert "late" in hand.fault()[1]


def test_jitter_of_some_milliseconds_is_ridden_out() -> None:
    hand = moving()
    hand.at(0.8, lambda: hand.board.set("jitter", 0.008))
    hand.run(3.0)
    assert not hand.report.fault
    assert np.abs(np.array(hand.report.position) - (TABLE.home + 0.2)).max() < 0.05


@pytest.mark.parametrize(
    ("fault", "hand", "text"),
    [
        ("silence", TABLE, "no answer from the hand"),
        ("wrong_version", TABLE, "0x0203"),
        ("emergency_stop", TABLE, "emergency stop"),
        ("", load_hand("v4", "left"), "side:=left"),
        ("", load_hand("v5"), "0x0501"),
    ],
)
def test_a_hand_that_is_not_the_expected_one_gets_no_power(fault: str, hand: object, text: str) -> None:
    simulated = SimulatedHand(hand=hand)  # type: ignore[arg-type]
    if fault:
        simulated.board.set(fault)
    waiting: list[str] = []
    simulated.at(1.4, lambda: waiting.append(simulated.report.waiting))
    simulated.run(1.5)
    assert text in waiting[0]
    assert "CONTROL" not in [state for _, state, _ in simulated.reports]
    assert not simulated.hand.servo_on


def test_the_type_in_the_serial_number_must_be_the_tables() -> None:
    simulated = SimulatedHand("v5", hand=changed(load_hand("v5a"), wire="v5"))
    waiting: list[str] = []
    simulated.at(1.0, lambda: waiting.append(simulated.report.waiting))
    simulated.run(1.1)
    assert "type A" in waiting[0]
