"""The gripper's registers, byte by byte."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from mvp_real.emulators.xarm7.gripper import (
    CLEAR_ERROR,
    ENABLE,
    ERROR,
    OPEN,
    POSITION,
    READ,
    STATUS,
    TARGET,
    VERSION,
    WRITE,
    GripperRegisters,
)


def read(registers: GripperRegisters, address: int, count: int = 1) -> list[int]:
    answer = registers.request(struct.pack(">BBHH", 8, READ, address, count))
    assert answer is not None
    assert answer[:3] == bytes([8, READ, 2 * count])
    return list(struct.unpack(f">{count}H", answer[3:]))


def write(registers: GripperRegisters, address: int, values: bytes) -> None:
    request = struct.pack(">BBHHB", 8, WRITE, address, len(values) // 2, len(values)) + values
    assert registers.request(request) == request[:6]


def test_a_target_is_followed_only_when_enabled() -> None:
    registers = GripperRegisters(OPEN)
    write(registers, TARGET, struct.pack(">i", 200))
    assert registers.target == OPEN
    write(registers, ENABLE, b"\0\1")
    write(registers, TARGET, struct.pack(">i", 200))
    assert registers.target == 200
    write(registers, TARGET, struct.pack(">i", -9))
    assert registers.target == 0


def test_position_and_motion_are_what_is_measured() -> None:
    registers = GripperRegisters(OPEN)
    write(registers, ENABLE, b"\0\1")
    write(registers, TARGET, struct.pack(">i", 0))
    registers.measure(0.5)
    assert read(registers, POSITION, 2) == [0, 425]
    assert read(registers, STATUS) == [1]
    registers.measure(0.5)  # held by a fruit
    assert read(registers, STATUS) == [0]


def test_an_error_stops_it_until_it_is_cleared() -> None:
    registers = GripperRegisters(OPEN)
    write(registers, ENABLE, b"\0\1")
    registers.error = 11
    assert read(registers, ERROR) == [11]
    write(registers, TARGET, struct.pack(">i", 100))
    assert registers.target == OPEN
    write(registers, CLEAR_ERROR, b"\0\1")
    assert read(registers, ERROR) == [0]


def test_the_version_supports_the_status_register() -> None:
    assert [read(GripperRegisters(0), VERSION + k)[0] for k in range(3)] == [3, 4, 3]


@given(st.binary(max_size=40))
def test_any_request_is_survived(data: bytes) -> None:
    registers = GripperRegisters(OPEN)
    registers.request(data)
    assert 0 <= registers.target <= OPEN
