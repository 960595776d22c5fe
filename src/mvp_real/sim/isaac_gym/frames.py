"""Messages between our process and Isaac Gym's: a JSON header and raw arrays, so that nothing is unpickled.

A message is two little-endian u32 (length of header and of arrays), the header and the bytes of the arrays. Runs on
Python 3.8.
"""

from __future__ import annotations

import json
import struct
from typing import Any, BinaryIO

import numpy as np

_LENGTHS = struct.Struct("<II")


def write_message(stream: BinaryIO, content: dict[str, Any], arrays: dict[str, Any]) -> None:
    """Send a message.

    Args:
        stream: Where to.
        content: What JSON can hold.
        arrays: Arrays by name.
    """
    parts = {name: np.ascontiguousarray(values) for name, values in arrays.items()}
    layout = [[name, part.dtype.str, list(part.shape)] for name, part in parts.items()]
    header = json.dumps({"content": content, "arrays": layout}).encode("utf-8")
    stream.write(_LENGTHS.pack(len(header), sum(part.nbytes for part in parts.values())))
    stream.write(header)
    for part in parts.values():
        stream.write(part.tobytes())
    stream.flush()


def read_message(stream: BinaryIO) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """The next message: content and arrays; None when the other side has ended."""
    start = _read(stream, _LENGTHS.size)
    if start is None:
        return None
    header_length, length = _LENGTHS.unpack(start)
    header_bytes, payload = _read(stream, header_length), _read(stream, length)
    if header_bytes is None or payload is None:
        return None
    header = json.loads(header_bytes.decode("utf-8"))
    arrays, place = {}, 0
    for name, kind, shape in header["arrays"]:
        dtype = np.dtype(kind)
        count = int(np.prod(shape, dtype=np.int64))
        values = np.frombuffer(payload, dtype=dtype, count=count, offset=place)
        arrays[name] = values.reshape(shape).copy()
        place += values.nbytes
    return header["content"], arrays


def _read(stream: BinaryIO, count: int) -> bytes | None:
    parts, missing = [], count
    while missing:
        part = stream.read(missing)
        if not part:
            return None
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)
