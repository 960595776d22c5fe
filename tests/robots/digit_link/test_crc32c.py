"""CRC-32C against published values and against its own definition, bit by bit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvp_real.robots.digit_link.crc32c import crc32c


def by_definition(data: bytes) -> int:
    register = 0xFFFFFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = (register >> 1) ^ (0x82F63B78 if register & 1 else 0)
    return register ^ 0xFFFFFFFF


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", 0x00000000),
        (b"123456789", 0xE3069283),  # the catalogue's check value
        (bytes(32), 0x8A9136AA),  # RFC 3720, B.4
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
    ],
)
def test_published_values(data: bytes, expected: int) -> None:
    assert crc32c(data) == expected


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_definition_and_continuation(first: bytes, second: bytes) -> None:
    assert crc32c(first + second) == by_definition(first + second)
    assert crc32c(second, crc32c(first)) == crc32c(first + second)


@pytest.mark.parametrize("length", [1023, 1024, 1025, 2049, 5000])
def test_messages_longer_than_the_table(length: int) -> None:
    data = bytes((7 * k + k // 251) & 0xFF for k in range(length))
    assert crc32c(data) == by_definition(data)
