"""The wire format: known bytes, round trips, and arbitrary bytes that must never raise anything but WireError."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvp_real.robots.allegro import wire
from mvp_real.robots.allegro.scales import SCALES, scale_of
from mvp_real.robots.allegro.wire import Frame, WireError, decode, encode

words = st.integers(-32768, 32767)
counts = st.tuples(words, words, words, words)
fingers = st.integers(0, 3)
u16 = st.integers(0, 65535)
u8 = st.integers(0, 255)
i32 = st.integers(-(2**31), 2**31 - 1)
messages = st.one_of(
    st.just(wire.ServoOn()),
    st.just(wire.ServoOff()),
    st.builds(wire.SetPeriod, u16, u16, u16),
    st.builds(wire.Config, st.binary(max_size=8)),
    st.builds(wire.Torque, fingers, counts),
    st.builds(wire.PoseTarget, fingers, counts),
    st.builds(wire.Pose, fingers, counts),
    st.builds(wire.Temperature, fingers, st.tuples(u8, u8, u8, u8)),
    st.builds(wire.Orientation, u16, u16, u16),
    st.builds(wire.HandInfo, u16, u16, st.booleans(), u8, u8),
    st.builds(wire.Serial, st.text(st.characters(max_codepoint=127), min_size=8, max_size=8)),
    st.builds(wire.Fingertips, st.sampled_from([0, 2]), st.tuples(i32, i32)),
    st.builds(wire.Request, st.sampled_from(sorted(wire.REQUESTABLE))),
)


def test_frames_are_laid_out_as_the_hand_expects_them() -> None:
    assert encode(wire.ServoOn()) == Frame(0x40 << 2, b"")
    assert encode(wire.ServoOff()) == Frame(0x104, b"")
    assert encode(wire.SetPeriod(3, 0, 500)) == Frame(0x204, b"\x03\x00\x00\x00\xf4\x01")
    assert encode(wire.Torque(3, (1, -1, 1200, -1200))) == Frame(
        0x63 << 2, b"\x01\x00\xff\xff\xb0\x04\x50\xfb"
    )
    assert encode(wire.Request(wire.HAND_INFO)) == Frame(0x200, b"", True)
    assert decode(Frame(0x22 << 2, b"\x01\x00\x02\x00\x03\x00\xff\xff")) == wire.Pose(2, (1, 2, 3, -1))
    info = decode(Frame(0x200, b"\x01\x04\x02\x03\x00\x2a\x05"))
    assert info == wire.HandInfo(0x0401, 0x0302, False, 42, 5)
    assert isinstance(info, wire.HandInfo)
    assert info.servo_on
    assert info.fault == "internal communication fault"
    serial = decode(Frame(0x88 << 2, b"00BL0042"))
    assert isinstance(serial, wire.Serial)
    assert (serial.hand_type, serial.side) == ("B", "left")
    assert decode(Frame(0xF2 << 2, struct.pack("<2i", -5, 7))) == wire.Fingertips(2, (-5, 7))


@given(messages, st.integers(0, 3))
def test_every_message_survives_the_wire(message: wire.Message, device: int) -> None:
    frame = encode(message, device)
    assert frame.identifier & 3 == device
    assert frame.identifier <= 0x7FF
    assert len(frame.data) <= 8
    assert decode(frame) == message


@given(st.integers(-10, 1 << 29), st.binary(max_size=64), st.booleans())
def test_arbitrary_bytes_are_a_message_or_a_wire_error(identifier: int, data: bytes, remote: bool) -> None:
    try:
        message = decode(Frame(identifier, data, remote))
    except WireError:
        return
    again = encode(message, identifier & 3)
    # A hand type above 1 also means left, and is not kept.
    if not isinstance(message, wire.HandInfo):
        assert (again.identifier, again.remote) == (identifier, remote)
        assert remote or again.data == data


@pytest.mark.parametrize(
    ("frame", "named"),
    [
        (Frame(0x80), "0x20 has 0 bytes"),
        (Frame(0x20 << 2, b"1234567"), "7 bytes"),
        (Frame(0x50 << 2), "0x50"),
        (Frame(0x60 << 2, b"", True), "asked"),
        (Frame(0x88 << 2, b"\xff" * 8), "ASCII"),
    ],
)
def test_what_is_wrong_is_named(frame: Frame, named: str) -> None:
    with pytest.raises(WireError, match=named):
        decode(frame)


@pytest.mark.parametrize(
    "message", [wire.Torque(0, (40000, 0, 0, 0)), wire.Torque(4, (0, 0, 0, 0)), wire.Serial("short")]
)
def test_what_does_not_fit_is_not_sent(message: wire.Message) -> None:
    with pytest.raises(WireError):
        encode(message)


def test_scales_are_the_vendors() -> None:
    assert scale_of("v4").angles([65536 // 4])[0] == pytest.approx(math.radians(333.3 / 4))
    assert scale_of("v5").angles([1000])[0] == pytest.approx(math.radians(88.0))
    assert scale_of("v4").torque_counts([0.7] * 16) == [1200] * 16
    assert scale_of("v5a").torque_counts([0.1] * 16) == [143] * 16
    halved = scale_of("v5").torque_counts([0.1] * 16)
    assert [k for k in range(16) if halved[k] == 72] == [1, 5, 9]
    assert scale_of("v5").torque_counts([9.0] * 16) == [240] * 16


@given(st.sampled_from(sorted(SCALES)), st.lists(st.floats(-2.5, 2.5), min_size=16, max_size=16))
def test_angles_and_torques_survive_up_to_rounding(name: str, values: list[float]) -> None:
    scale = scale_of(name)
    back = scale.angles(scale.angle_counts(values))
    assert max(abs(a - b) for a, b in zip(back, values, strict=True)) <= 0.5 * scale.angle + 1e-9
    small = [0.06 * v for v in values]
    torques = scale.torques(scale.torque_counts(small))
    for a, b, k in zip(torques, small, scale.torque, strict=True):
        assert abs(a - b) <= 0.5 / k + 1e-9


@given(st.sampled_from(sorted(SCALES)), st.lists(st.floats(-1e6, 1e6), min_size=16, max_size=16))
def test_no_torque_leaves_above_the_largest_count(name: str, values: list[float]) -> None:
    scale = scale_of(name)
    assert max(map(abs, scale.torque_counts(values))) <= scale.largest
