"""Targets for what devices send: nothing of it may do more than be refused."""

from __future__ import annotations

import struct

import numpy as np

from mvp_real.emulators.fault_board import COMMON_FAULTS, FaultBoard
from mvp_real.emulators.fault_socket import _answer
from mvp_real.errors import MvpRealError
from mvp_real.robots.allegro import wire
from mvp_real.robots.allegro.inbox import Inbox
from mvp_real.robots.allegro.table import load_hand
from mvp_real.robots.digit import load_digit
from mvp_real.robots.digit_link import chunks
from mvp_real.robots.digit_link.command import CommandWriter
from mvp_real.robots.digit_link.stream import Publisher, Subscriber
from mvp_real.robots.table import load_robot
from mvp_real.robots.xarm7.reading_gate import ReadingGate

from .target import Target

CAN = struct.Struct("<IB8s")  # identifier with bit 31 for remote frames, length, data
SPEED = 20.0  # rad/s; no gate lets anything faster through


def read_can(data: bytes) -> None:
    """CAN frames into the hand's inbox: no angle that the driver acts on may be anything but a finite number."""
    inbox = Inbox(load_hand())
    inbox.begin_cycle()
    for number in range(len(data) // CAN.size):
        identifier, length, payload = CAN.unpack_from(data, number * CAN.size)
        inbox.take(
            wire.Frame(identifier & 0x7FFFFFFF, payload[:length], bool(identifier >> 31)), number * 1e-3
        )


def can_seeds() -> list[bytes]:
    """One report of every kind."""
    messages: list[wire.Message] = [wire.Pose(finger, (0, 100, -100, 2000)) for finger in range(4)]
    messages += [wire.Temperature(1, (30, 31, 32, 33)), wire.HandInfo(0x0400, 0x0100, False, 30, 1)]
    messages += [wire.Serial("SAH040BR"), wire.Fingertips(0, (1, 2)), wire.Orientation(1, 2, 3)]
    frames = [wire.encode(message) for message in messages]
    return [
        b"".join(
            CAN.pack(identifier | remote << 31, len(data), data.ljust(8, b"\0"))
            for identifier, data, remote in frames
        )
    ]


def read_artl(data: bytes) -> None:
    """Datagrams, each behind a u16 length, into the subscriber of Digit's link, which must never raise."""
    subscriber = Subscriber()
    place, now = 0, 0.0
    while place + 2 <= len(data):
        (length,) = struct.unpack_from("<H", data, place)
        datagram = data[place + 2 : place + 2 + length]
        try:
            subscriber.receive(datagram, ("127.0.0.1", 25500), now)
        except MvpRealError as error:
            raise AssertionError("the subscriber promises to raise nothing") from error
        # The same chunk with a checksum that is right: random bytes alone would never get past it.
        if 12 <= len(datagram) <= 4096:
            subscriber.receive(chunks.encode_chunk(datagram[4:8], datagram[8:-4]), ("127.0.0.1", 25500), now)
        place, now = place + 2 + length, now + 1e-3


def artl_seeds() -> list[bytes]:
    """A description and a message."""
    writer = CommandWriter(load_digit().motors)
    datagrams = Publisher(writer.description).start(0.0)
    datagrams += [chunks.encode_chunk(chunks.START), chunks.encode_chunk(chunks.PLAIN, bytes(64))]
    return [b"".join(struct.pack("<H", len(datagram)) + datagram for datagram in datagrams)]


def read_reports(data: bytes) -> None:
    """Joint vectors as the box reports them, through the gate: what it lets pass is finite and cannot jump."""
    gate = ReadingGate(load_robot("xarm7"))
    last: np.ndarray | None = None
    streak = 0
    for number in range(len(data) // 28):
        joints = np.array(struct.unpack_from("<7f", data, 28 * number), dtype=np.float64)
        if gate.check(joints, 0.01 * number):
            streak += 1
            continue
        assert np.all(np.isfinite(joints))
        if last is not None and streak == 0:
            assert np.max(np.abs(joints - last)) < SPEED * 0.1
        last, streak = joints, 0


def report_seeds() -> list[bytes]:
    """A joint that moves slowly."""
    rows = [struct.pack("<7f", 0.01 * k, 0.1, 0.0, 0.5, 0.0, 0.5, 0.0) for k in range(12)]
    return [b"".join(rows)]


def read_fault_line(data: bytes) -> None:
    """A line into the fault socket."""
    answer = _answer(FaultBoard(COMMON_FAULTS), data)
    assert answer["ok"] or answer["error"]


DEVICES = {
    "can": Target("CAN frames of the Allegro hand", can_seeds, read_can),
    "artl": Target("ARTL datagrams of Digit", artl_seeds, read_artl),
    "arm_reports": Target("joint reports of the xArm", report_seeds, read_reports),
    "fault_line": Target(
        "lines of the fault socket",
        lambda: [b'{"set": "error", "value": 31}', b'{"clear": null}'],
        read_fault_line,
    ),
}
