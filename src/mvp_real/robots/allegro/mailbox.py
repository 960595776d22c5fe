"""Two mailboxes in memory that driver and loop share: orders for the loop, and what it reports.

Each is written whole by one side and read by the other, which never waits: a checksum tells a whole message from
one that is being written, on any processor, and the reader then keeps the one it had. Times are of the machine's
monotonic clock, which both processes share.
"""

from __future__ import annotations

import mmap
import os
import struct
import tempfile
import zlib
from dataclasses import dataclass, field
from enum import IntEnum
from math import isfinite

from mvp_real.robots.allegro.table import JOINTS

COEFFICIENTS = 6 * JOINTS
TEXT = 240  # bytes for a reason
_EMPTY16 = (0.0,) * JOINTS


class Mode(IntEnum):
    """What the loop shall do."""

    IDLE = 0  # no torque
    CONTROL = 1  # follow the set-points
    QUIT = 2  # let go, switch the hand off, end


class LoopState(IntEnum):
    """What the loop does."""

    STARTING = 0  # no answer from the hand yet
    READY = 1  # joint angles come; no torque
    CONTROL = 2  # torque towards the set-points
    ENDED = 3
    REFUSED = 4  # as STARTING, but the hand has answered and is not the expected one


@dataclass(frozen=True)
class Order:
    """What the driver wants.

    Attributes:
        stamp: Sign of life of the driver, s.
        mode: What to do.
        generation: Faults of the loop are latched until this number grows.
        start, duration: Time of the motion's start, and how long it takes, s.
        coefficients: (96,) six rows of 16: polynomial over the time since the start, rad.
    """

    stamp: float
    mode: Mode = Mode.IDLE
    generation: int = 0
    start: float = 0.0
    duration: float = 0.0
    coefficients: tuple[float, ...] = (0.0,) * COEFFICIENTS


@dataclass(frozen=True)
class Report:
    """What the loop says.

    Attributes:
        stamp: Sign of life of the loop, s.
        state: What it does.
        generation: Of the order that cleared its last fault.
        fault: Why it let go; empty while nothing is wrong.
        waiting: What it waits for while it starts.
        cycles: Control cycles so far.
        frames: Frames of joint angles so far, of all fingers.
        refused: Frames that could not be read or believed.
        late: Cycles later than one and a half servo periods.
        unsent: Frames that the bus did not take.
        torques: Torque frames that it took.
        angles_stamp: Time at which the oldest finger's angles came, s.
        position, velocity, effort, set_point: (16,) rad, rad/s, Nm (commanded), rad.
        temperature: (16,) degrees Celsius.
        hardware, firmware, status: Of the hand's last answer.
        serial: Its serial number.
        warning: About priority, once.
    """

    stamp: float = 0.0
    state: LoopState = LoopState.STARTING
    generation: int = 0
    fault: str = ""
    waiting: str = ""
    cycles: int = 0
    frames: int = 0
    refused: int = 0
    late: int = 0
    unsent: int = 0
    torques: int = 0
    angles_stamp: float = 0.0
    position: tuple[float, ...] = _EMPTY16
    velocity: tuple[float, ...] = _EMPTY16
    effort: tuple[float, ...] = _EMPTY16
    set_point: tuple[float, ...] = _EMPTY16
    temperature: tuple[int, ...] = field(default=(0,) * JOINTS)
    hardware: int = 0
    firmware: int = 0
    status: int = 0
    serial: str = ""
    warning: str = ""


_ORDER = struct.Struct(f"<dqqdd{COEFFICIENTS}d")
_REPORT = struct.Struct(f"<dqq{TEXT}s{TEXT}sqqqqqqd{4 * JOINTS}d{JOINTS}qqqq16s{TEXT}s")
_CHECK = struct.Struct("<I")
_ORDER_AT = 0
_REPORT_AT = (_ORDER.size + _CHECK.size + 4095) // 4096 * 4096
SIZE = (_REPORT_AT + _REPORT.size + _CHECK.size + 4095) // 4096 * 4096


class SharedMemory:
    """Memory without a name: it goes away with the last process that has it, however that ends.

    Attributes:
        file: Descriptor to hand to the other process.
    """

    def __init__(self, file: int | None = None) -> None:
        """Map the memory behind a descriptor, or new memory."""
        if file is None:
            if hasattr(os, "memfd_create"):
                file = os.memfd_create("allegro")
            else:
                with tempfile.TemporaryFile() as temporary:
                    file = os.dup(temporary.fileno())
            os.ftruncate(file, SIZE)
        self.file = file
        self._memory = mmap.mmap(file, SIZE)
        self._last_order = b""

    def write_order(self, order: Order) -> None:
        """Driver's side."""
        data = _ORDER.pack(
            order.stamp, order.mode, order.generation, order.start, order.duration, *order.coefficients
        )
        self._put(_ORDER_AT, data)

    def read_order(self, last: Order) -> Order:
        """Loop's side; the last one while there is none, none new, or one is being written.

        An order with a number that is not finite counts as being written: it must not reach a motor.
        """
        data = self._get(_ORDER_AT, _ORDER.size)
        if data is None or data == self._last_order:
            return last
        self._last_order = data
        stamp, mode, generation, start, duration, *coefficients = _ORDER.unpack(data)
        if not all(map(isfinite, (stamp, start, duration, *coefficients))):
            return last
        return Order(stamp, Mode(mode), generation, start, duration, tuple(coefficients))

    def write_report(self, report: Report) -> None:
        """Loop's side."""
        data = _REPORT.pack(
            report.stamp, report.state, report.generation, _bytes(report.fault), _bytes(report.waiting),
            report.cycles, report.frames, report.refused, report.late, report.unsent, report.torques,
            report.angles_stamp,
            *report.position, *report.velocity, *report.effort, *report.set_point, *report.temperature,
            report.hardware, report.firmware, report.status, _bytes(report.serial)[:16], _bytes(report.warning),
        )  # fmt: skip
        self._put(_REPORT_AT, data)

    def read_report(self) -> Report | None:
        """Driver's side; None while there is none, or one is being written."""
        data = self._get(_REPORT_AT, _REPORT.size)
        if data is None:
            return None
        values = _REPORT.unpack(data)
        head, rest = values[:12], values[12:]
        stamp, state, generation, fault, waiting, cycles, frames, refused, late, unsent, torques, angles = (
            head
        )
        rows = [tuple(rest[k * JOINTS : (k + 1) * JOINTS]) for k in range(5)]
        hardware, firmware, status, serial, warning = rest[5 * JOINTS :]
        return Report(
            stamp, LoopState(state), generation, _text(fault), _text(waiting), cycles, frames, refused, late,
            unsent, torques, angles, rows[0], rows[1], rows[2], rows[3], rows[4], hardware, firmware, status,
            _text(serial), _text(warning),
        )  # fmt: skip

    def close(self) -> None:
        """Give the memory back."""
        self._memory.close()
        os.close(self.file)

    def _put(self, at: int, data: bytes) -> None:
        self._memory[at : at + len(data) + _CHECK.size] = data + _CHECK.pack(_checksum(data))

    def _get(self, at: int, size: int) -> bytes | None:
        whole = self._memory[at : at + size + _CHECK.size]
        data, check = whole[:size], whole[size:]
        return data if _CHECK.unpack(check)[0] == _checksum(data) else None


def _checksum(data: bytes) -> int:
    return zlib.crc32(data) ^ 0xFFFFFFFF or 1  # empty memory is no message


def _bytes(text: str) -> bytes:
    return text.encode("utf-8")[:TEXT]


def _text(data: bytes) -> str:
    return data.rstrip(b"\0").decode("utf-8", "replace")
