"""ARTL chunks: `u32 length | char[4] type | data | u32 CRC-32C of type and data`, little-endian, one per datagram.

Facts from Agility's public client sources (libartl 1.1); the code is our own.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from mvp_real.errors import MvpRealError, require
from mvp_real.robots.digit_link.crc32c import crc32c

START, ENUMERATION, FIELDS, COMMENT, END = b"STRT", b"ENUm", b"DESc", b"CMNt", b"DEND"
PLAIN, COMPRESSED = b"UDAT", b"CDAT"
KINDS = (START, ENUMERATION, FIELDS, COMMENT, END, PLAIN, COMPRESSED)
LARGEST = 65507  # bytes of a UDP datagram
LARGEST_MESSAGE = 1 << 16  # bytes of a message, however well it was compressed
_HEADER = struct.Struct("<I4s")
_CRC = struct.Struct("<I")
_FRAME = _HEADER.size + _CRC.size
# Every type is read in any case, but the comment's, which is only known as CMNt.
_BY_UPPER = {kind.upper(): kind for kind in KINDS if kind != COMMENT}


class ArtlError(MvpRealError):
    """Bytes that are not what ARTL or the robot's interface asks for."""


class ChecksumError(ArtlError):
    """A chunk whose checksum is wrong: it was damaged on its way."""


@dataclass(frozen=True)
class Chunk:
    """One chunk.

    Attributes:
        kind: One of `KINDS`, or another type as it came.
        data: What is between the type and the checksum.
        type: The four bytes on the wire; they count for the checksum of a description.
    """

    kind: bytes
    data: bytes
    type: bytes


def encode_chunk(kind: bytes, data: bytes = b"") -> bytes:
    """A datagram.

    Raises:
        ArtlError: The type is not four bytes, or the data does not fit into a datagram.
    """
    if len(kind) != 4:
        raise ArtlError(f"chunk type {kind!r} has {len(kind)} bytes; needs 4")
    if len(data) > LARGEST - _FRAME:
        raise ArtlError(f"chunk {kind!r} has {len(data)} bytes of data; at most {LARGEST - _FRAME} fit")
    body = kind + data
    return b"".join((len(data).to_bytes(4, "little"), body, _CRC.pack(crc32c(body))))


def decode_chunk(datagram: bytes) -> Chunk:
    """The chunk of a datagram; bytes behind it are ignored, as libartl does.

    Raises:
        ArtlError: Too short.
        ChecksumError: Damaged.
    """
    if len(datagram) < _FRAME:
        raise ArtlError(f"datagram of {len(datagram)} bytes; a chunk has at least {_FRAME}")
    length, kind = _HEADER.unpack_from(datagram)
    end = _HEADER.size + length
    if end + _CRC.size > len(datagram):
        raise ArtlError(f"chunk says {length} bytes of data, the datagram has {len(datagram) - _FRAME}")
    body = datagram[4:end]
    (told,) = _CRC.unpack_from(datagram, end)
    if crc32c(body) != told:
        raise ChecksumError(f"checksum of chunk {kind!r} is {told:#010x}, computed {crc32c(body):#010x}")
    return Chunk(_BY_UPPER.get(kind.upper(), kind), body[4:], kind)


def message_of(chunk: Chunk) -> bytes:
    """The message in a data chunk.

    Raises:
        ArtlError: Not a data chunk, or compressed data that is damaged or larger than any message.
        MvpRealError: It is compressed and the package for that is missing.
    """
    if chunk.kind == PLAIN:
        return chunk.data
    if chunk.kind != COMPRESSED:
        raise ArtlError(f"chunk {chunk.type!r} carries no message")
    zstandard = require("zstandard", "digit")
    try:
        size = zstandard.frame_content_size(chunk.data)
        if not 0 <= size <= LARGEST_MESSAGE:
            raise ArtlError(f"compressed message says {size} bytes; at most {LARGEST_MESSAGE}")
        return bytes(zstandard.ZstdDecompressor().decompress(chunk.data, max_output_size=LARGEST_MESSAGE))
    except zstandard.ZstdError as error:
        raise ArtlError(f"compressed message cannot be read: {error}") from error
