"""Frames of the controller box's TCP port 502, as the vendor's Python SDK speaks them.

A request is a big-endian header `u16 transaction | u16 protocol | u16 length | u8 function`, then the payload;
`length` counts from the function byte on. A reply has the same transaction and protocol, `u16 2 + n`, the
function, a status byte and n bytes. Whole numbers are big-endian, floats little-endian 32 bit.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

HEADER = struct.Struct(">HHHB")
PRIVATE, HEARTBEAT, STANDARD_MODBUS = 2, 3, 0
LONGEST = 1024  # bytes after the header; nothing that a client may send is longer

# Status bits of a reply.
ERROR_PENDING, WARNING_PENDING, NOT_READY, INVALID = 0x40, 0x20, 0x10, 0x08

ILLEGAL_FUNCTION = 1  # exception code of standard Modbus


class FrameError(ValueError):
    """What a client sent is no frame of this protocol; nothing after it can be trusted."""


@dataclass(frozen=True)
class Request:
    """One request of a client."""

    transaction: int
    protocol: int
    function: int
    payload: bytes


@dataclass(frozen=True)
class Answer:
    """What a function gives back: status bits and data."""

    status: int = 0
    data: bytes = b""


class RequestReader:
    """Puts requests together from bytes that come in pieces of any size."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> list[Request]:
        """The requests that `data` completes, in order.

        Raises:
            FrameError: A length or protocol that cannot be; the connection has to be closed.
        """
        self._bytes += data
        requests: list[Request] = []
        while len(self._bytes) >= HEADER.size:
            transaction, protocol, length, function = HEADER.unpack_from(self._bytes)
            if protocol not in (PRIVATE, HEARTBEAT, STANDARD_MODBUS):
                raise FrameError(f"protocol {protocol} is none of 0, 2, 3")
            if not 1 <= length <= LONGEST:
                raise FrameError(f"a request of {length} bytes; needs 1 to {LONGEST}")
            end = HEADER.size - 1 + length
            if len(self._bytes) < end:
                break
            requests.append(Request(transaction, protocol, function, bytes(self._bytes[HEADER.size : end])))
            del self._bytes[:end]
        return requests


def reply(request: Request, answer: Answer) -> bytes:
    """The frame that answers a request."""
    if request.protocol == STANDARD_MODBUS:
        # There `function` is the unit and the payload begins with the function. None is offered here.
        code = (request.payload[0] if request.payload else 0) | 0x80
        return HEADER.pack(request.transaction, 0, 3, request.function) + bytes([code, ILLEGAL_FUNCTION])
    head = HEADER.pack(request.transaction, request.protocol, 2 + len(answer.data), request.function)
    return head + bytes([answer.status]) + answer.data


def floats(values: Sequence[float]) -> bytes:
    """32 bit floats as the box writes them."""
    return struct.pack(f"<{len(values)}f", *values)


def read_floats(payload: bytes, count: int) -> tuple[float, ...]:
    """The first `count` floats of a payload.

    Raises:
        struct.error: The payload is too short.
    """
    return struct.unpack_from(f"<{count}f", payload)
