"""The emulated hand's board: what a host relies on, frame by frame, with times handed in."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("mujoco")

from mvp_real.emulators.allegro.hand import BOOT_TIME, FAULTS, EmulatedHand
from mvp_real.emulators.allegro.outbox import Outbox
from mvp_real.emulators.fault_board import COMMON_FAULTS, FaultBoard
from mvp_real.robots.allegro import wire
from mvp_real.robots.allegro.scales import scale_of
from mvp_real.robots.allegro.table import load_hand
from mvp_real.robots.allegro.wire import Frame
from tests.robots.allegro.hand_bench import HandProcess, free_channel

NOW = 10.0


class Hand:
    """A booted hand and its clock."""

    def __init__(self, variant: str = "v4", side: str = "right") -> None:
        self.board = FaultBoard(FAULTS)
        self.hand = EmulatedHand(load_hand(variant, side), self.board, NOW)
        self.now = NOW + BOOT_TIME + 0.01

    def say(self, *messages: wire.Message) -> list[wire.Message]:
        out: list[wire.Message] = []
        for message in messages:
            out += [wire.decode(frame) for frame in self.hand.receive(wire.encode(message), self.now)]
        return out

    def wait(self, seconds: float, step: float = 0.001) -> list[wire.Message]:
        out: list[wire.Message] = []
        for _ in range(round(seconds / step)):
            self.now += step
            self.hand.advance(self.now)
            out += [wire.decode(frame) for frame in self.hand.reports(self.now)]
        return out


def test_every_common_fault_is_known() -> None:
    assert set(COMMON_FAULTS) <= set(FAULTS)


@pytest.mark.parametrize(
    ("variant", "side", "hardware", "letters"),
    [("v4", "right", 0x0401, "AR"), ("v5", "left", 0x0501, "BL"), ("v5a", "right", 0x0501, "AR")],
)
def test_it_says_who_it_is_when_it_is_asked(variant: str, side: str, hardware: int, letters: str) -> None:
    hand = Hand(variant, side)
    info, serial = hand.say(wire.Request(wire.HAND_INFO), wire.Request(wire.SERIAL))
    assert isinstance(info, wire.HandInfo)
    assert info.hardware == hardware
    assert info.left == (side == "left")
    assert not info.servo_on
    assert isinstance(serial, wire.Serial)
    assert serial.text[2:4] == letters
    hand.board.set("wrong_version")
    (info,) = hand.say(wire.Request(wire.HAND_INFO))
    assert isinstance(info, wire.HandInfo)
    assert info.hardware == 0x0203


def test_every_message_that_can_be_asked_for_is_answered_by_its_own_kind() -> None:
    hand = Hand("v5")
    for message_id in sorted(wire.REQUESTABLE):
        (answer,) = hand.hand.receive(wire.encode(wire.Request(message_id)), hand.now)
        assert answer.identifier >> 2 == message_id
        assert not answer.remote


def test_it_reports_as_often_as_it_is_told() -> None:
    hand = Hand()
    assert hand.wait(0.3) == []
    hand.say(wire.SetPeriod(3, 0, 100))
    messages = hand.wait(3.0)
    poses = [message for message in messages if isinstance(message, wire.Pose)]
    assert len(poses) == pytest.approx(4 * 1000, abs=8)
    assert [pose.finger for pose in poses[:8]] == [0, 1, 2, 3, 0, 1, 2, 3]
    assert sum(isinstance(message, wire.Temperature) for message in messages) == pytest.approx(4 * 30, abs=4)
    hand.say(wire.SetPeriod(0, 0, 0))
    assert hand.wait(0.3) == []


def test_only_v5_reports_its_fingertips() -> None:
    for variant, some in (("v4", False), ("v5", True)):
        hand = Hand(variant)
        hand.say(wire.SetPeriod(3, 0, 0))
        assert any(isinstance(message, wire.Fingertips) for message in hand.wait(0.2)) is some


def test_torque_moves_a_joint_only_while_the_motors_have_power() -> None:
    hand = Hand()
    counts = scale_of("v4").torque_counts([0.0, 0.2] + [0.0] * 14)
    hand.wait(0.5)
    torque = wire.Torque(0, (counts[0], counts[1], counts[2], counts[3]))
    hand.say(torque)
    before = hand.hand.physics.angles[1]
    hand.wait(0.5)
    assert hand.hand.physics.angles[1] == pytest.approx(before, abs=0.05)
    hand.say(wire.ServoOn(), torque)
    hand.wait(0.5)
    assert hand.hand.physics.angles[1] > before + 0.3


def test_there_is_no_watchdog_the_last_torque_persists() -> None:
    hand = Hand()
    hand.say(wire.ServoOn(), wire.Torque(0, (0, 300, 0, 0)))
    hand.wait(5.0, step=0.01)
    assert hand.hand.torque[1] == pytest.approx(0.7 * 300 / 1200)
    hand.say(wire.ServoOff())
    assert not any(hand.hand.torque)


def test_commands_beyond_the_largest_count_are_cut() -> None:
    hand = Hand("v5")
    hand.say(wire.ServoOn(), wire.Torque(0, (30000, 30000, -30000, 0)))
    assert np.allclose(hand.hand.torque[:4], [240 / 1430, 240 / 715, -240 / 1430, 0.0])


def test_a_power_cycle_loses_all_state_and_takes_its_time() -> None:
    hand = Hand()
    hand.say(wire.SetPeriod(3, 0, 0), wire.ServoOn(), wire.Torque(0, (0, 300, 0, 0)))
    assert hand.wait(0.1)
    hand.board.set("power_cycle")
    assert hand.board.value("power_cycle") is None, "it is over at once"
    assert hand.wait(0.1) == []
    assert not any(hand.hand.torque)
    assert hand.say(wire.Request(wire.HAND_INFO)) == [], "it boots"
    hand.wait(BOOT_TIME)
    (info,) = hand.say(wire.Request(wire.HAND_INFO))
    assert isinstance(info, wire.HandInfo)
    assert not info.servo_on


def test_an_emergency_stop_cuts_the_power_and_keeps_it_off() -> None:
    hand = Hand()
    hand.say(wire.ServoOn(), wire.Torque(0, (0, 300, 0, 0)))
    hand.board.set("emergency_stop")
    assert not any(hand.hand.torque)
    hand.say(wire.ServoOn())
    (info,) = hand.say(wire.Request(wire.HAND_INFO))
    assert isinstance(info, wire.HandInfo)
    assert not info.servo_on


def test_frozen_angles_keep_coming() -> None:
    hand = Hand()
    hand.say(wire.SetPeriod(3, 0, 0), wire.ServoOn(), wire.Torque(0, (0, 300, 0, 0)))
    hand.wait(0.1)
    hand.board.set("freeze")
    poses = [message for message in hand.wait(0.3) if isinstance(message, wire.Pose) and message.finger == 0]
    assert len(poses) > 90
    assert len(set(poses)) == 1


def test_motors_warm_up_under_torque() -> None:
    hand = Hand()
    hand.say(wire.ServoOn(), wire.Torque(3, (600, 0, 0, 0)))
    hand.wait(10.0, step=0.02)
    temperature = hand.hand.physics.temperature
    assert temperature[12] > temperature[0] + 0.5


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 0x7FF), st.binary(max_size=8), st.booleans()), max_size=30))
def test_arbitrary_frames_are_answered_or_counted_but_never_break_the_hand(
    frames: list[tuple[int, bytes, bool]],
) -> None:
    hand = Hand()
    for identifier, data, remote in frames:
        hand.hand.receive(Frame(identifier, data, remote), hand.now)
        hand.wait(0.002)
    assert np.isfinite(hand.hand.physics.angles).all()


def test_the_outbox_delays_loses_and_mutes() -> None:
    board = FaultBoard(FAULTS)
    outbox = Outbox(board, seed=1)
    frames = [Frame(k) for k in range(200)]
    outbox.add(frames, 1.0)
    assert outbox.due(1.0) == frames
    board.set("delay", 0.1)
    board.set("jitter", 0.05)
    outbox.add(frames, 2.0)
    assert outbox.due(2.099) == []
    assert outbox.next_due() is not None
    assert outbox.due(2.151) == frames, "late, and in order"
    board.clear()
    board.set("loss", 0.25)
    outbox.add(frames, 3.0)
    assert 0.6 * 200 < len(outbox.due(3.0)) < 0.9 * 200
    for mute in ("silence", "drop"):
        board.clear()
        board.set(mute)
        outbox.add(frames, 4.0)
        assert outbox.due(5.0) == []
    board.clear()
    board.set("garble", 1.0)
    outbox.add(frames, 6.0)
    assert outbox.due(6.0) != frames
    assert outbox.garbled == 200


def test_the_command_serves_faults_and_counts_on_its_last_line() -> None:
    pytest.importorskip("msgpack")
    process = HandProcess("v5", free_channel())
    known = process.faults.known()
    assert known["loss"]["unit"] == "share"
    assert process.faults.set("delay", 0.1) == {"delay": 0.1}
    statistics = process.close()
    assert statistics["ended"]
    assert statistics["torque frames"] == 0


def test_the_command_names_what_is_wrong_with_a_channel() -> None:
    arguments = ["emulate", "allegro", "--interface", "socketcan", "--channel", "nocan7"]
    done = subprocess.run(
        [sys.executable, "-m", "mvp_real", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "nocan7" in done.stderr
    assert "ip link set" in done.stderr
    with pytest.raises(json.JSONDecodeError):
        json.loads(done.stdout)
