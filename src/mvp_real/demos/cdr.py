"""CDR, the encoding of ROS 2 messages, for the few types that this room writes and looks into itself.

Little-endian plain CDR (XCDR1): a 4-byte encapsulation header, then every primitive aligned to its own size, counted
from behind that header; strings and sequences are preceded by their length, strings end with a NUL that counts.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

ENCAPSULATION = b"\x00\x01\x00\x00"
_STAMP = struct.Struct("<iI")
NANOSECONDS = 1_000_000_000


class CdrEncoder:
    """Builds one message field by field, in the order of its definition."""

    def __init__(self) -> None:
        self._data = bytearray(ENCAPSULATION)

    def _align(self, size: int) -> None:
        self._data += bytes(-(len(self._data) - 4) % size)

    def unsigned_byte(self, value: int) -> CdrEncoder:
        """`uint8` or `bool`."""
        self._data.append(value)
        return self

    def unsigned(self, value: int) -> CdrEncoder:
        """`uint32`."""
        self._align(4)
        self._data += struct.pack("<I", value)
        return self

    def integer(self, value: int) -> CdrEncoder:
        """`int32`."""
        self._align(4)
        self._data += struct.pack("<i", value)
        return self

    def text(self, value: str) -> CdrEncoder:
        """`string`."""
        data = value.encode()
        self.unsigned(len(data) + 1)
        self._data += data + b"\0"
        return self

    def texts(self, values: Sequence[str]) -> CdrEncoder:
        """`string[]`."""
        self.unsigned(len(values))
        for value in values:
            self.text(value)
        return self

    def doubles(self, values: Sequence[float], fixed: bool = False) -> CdrEncoder:
        """`float64[]`, or `float64[n]` where the length is `fixed` by the definition and not written."""
        if not fixed:
            self.unsigned(len(values))
        if len(values):
            self._align(8)
            self._data += struct.pack(f"<{len(values)}d", *values)
        return self

    def octets(self, values: bytes | memoryview) -> CdrEncoder:
        """`uint8[]`."""
        self.unsigned(len(values))
        self._data += values
        return self

    def time(self, nanoseconds: int) -> CdrEncoder:
        """`builtin_interfaces/Time` or `Duration` of whole nanoseconds."""
        seconds, rest = divmod(nanoseconds, NANOSECONDS)
        return self.integer(seconds).unsigned(rest)

    def header(self, nanoseconds: int, frame_id: str) -> CdrEncoder:
        """`std_msgs/Header`."""
        return self.time(nanoseconds).text(frame_id)

    def finish(self) -> bytes:
        """The message."""
        return bytes(self._data)


class CdrDecoder:
    """Reads a message field by field.

    Raises:
        ValueError: From every method: the data ends too early, or the encapsulation is another one.
    """

    def __init__(self, data: bytes | memoryview) -> None:
        self._data = memoryview(data)
        if bytes(self._data[:2]) != ENCAPSULATION[:2]:
            raise ValueError(f"encapsulation {bytes(self._data[:4]).hex()} is not little-endian CDR")
        self._position = 4

    def _take(self, size: int, alignment: int) -> memoryview:
        start = self._position + -(self._position - 4) % alignment
        self._position = start + size
        if self._position > len(self._data):
            raise ValueError(f"message of {len(self._data)} bytes ends before byte {self._position}")
        return self._data[start : self._position]

    def unsigned_byte(self) -> int:
        """`uint8`."""
        return self._take(1, 1)[0]

    def unsigned(self) -> int:
        """`uint32`."""
        return int.from_bytes(self._take(4, 4), "little")

    def text(self) -> str:
        """`string`."""
        return bytes(self._take(self.unsigned(), 1)).rstrip(b"\0").decode("utf-8", "replace")

    def octets(self) -> memoryview:
        """`uint8[]`, without a copy."""
        return self._take(self.unsigned(), 1)

    def time(self) -> int:
        """`builtin_interfaces/Time`, ns."""
        seconds, rest = _STAMP.unpack(self._take(8, 4))
        return int(seconds) * NANOSECONDS + int(rest)


def header_stamp(data: bytes | memoryview) -> int:
    """Stamp of a message that begins with a `std_msgs/Header`, ns.

    Raises:
        ValueError: It is too short.
    """
    return CdrDecoder(data).time()
