"""Frames of port 502: pieces of any size, and nonsense."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvp_real.emulators.xarm7.protocol import (
    Answer,
    FrameError,
    Request,
    RequestReader,
    floats,
    read_floats,
    reply,
)

requests = st.builds(
    Request,
    transaction=st.integers(0, 65535),
    protocol=st.sampled_from([0, 2, 3]),
    function=st.integers(0, 255),
    payload=st.binary(max_size=300),
)


def encode(request: Request) -> bytes:
    length = 1 + len(request.payload)
    return struct.pack(">HHHB", request.transaction, request.protocol, length, request.function) + (
        request.payload
    )


@given(st.lists(requests, max_size=5), st.integers(1, 40))
def test_requests_survive_any_cut(sent: list[Request], size: int) -> None:
    stream = b"".join(map(encode, sent))
    reader, received = RequestReader(), []
    for k in range(0, len(stream), size):
        received += reader.feed(stream[k : k + size])
    assert received == sent


@given(st.binary(max_size=600))
def test_any_bytes_give_requests_or_an_end_of_the_connection(data: bytes) -> None:
    try:
        requests = RequestReader().feed(data)
    except FrameError:
        return
    assert all(len(request.payload) <= 1023 for request in requests)


def test_a_reply_as_the_vendors_client_reads_it() -> None:
    frame = reply(Request(7, 3, 13, b""), Answer(0x40, b"\x02"))
    assert frame == bytes([0, 7, 0, 3, 0, 3, 13, 0x40, 2])


def test_standard_modbus_is_answered_with_an_exception() -> None:
    frame = reply(Request(9, 0, 1, bytes([3, 0, 0, 0, 1])), Answer())
    assert frame == bytes([0, 9, 0, 0, 0, 3, 1, 0x83, 1])


@given(st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=10))
def test_floats_are_little_endian(values: list[float]) -> None:
    assert read_floats(floats(values), len(values)) == pytest.approx(values, abs=0.0)
    assert floats([1.0]) == b"\x00\x00\x80\x3f"
