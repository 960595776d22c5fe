"""Chunks: round trips, every damaged bit is noticed, and nothing but our own error for whatever arrives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvp_real.robots.digit_link import chunks
from mvp_real.robots.digit_link.chunks import ArtlError, ChecksumError, decode_chunk, encode_chunk, message_of
from mvp_real.robots.digit_link.crc32c import crc32c


@given(st.binary(min_size=4, max_size=4), st.binary(max_size=2000), st.binary(max_size=9))
def test_round_trip(kind: bytes, data: bytes, behind: bytes) -> None:
    chunk = decode_chunk(encode_chunk(kind, data) + behind)
    assert (chunk.type, chunk.data) == (kind, data)


def test_length_type_data_checksum_in_little_endian() -> None:
    datagram = encode_chunk(b"UDAT", b"abc")
    assert datagram[:11] == b"\x03\x00\x00\x00UDATabc"
    assert int.from_bytes(datagram[11:], "little") == crc32c(b"UDATabc")


@given(st.binary(max_size=200), st.integers(0, 2000), st.integers(0, 7))
def test_no_damaged_bit_goes_unnoticed(data: bytes, place: int, bit: int) -> None:
    datagram = bytearray(encode_chunk(chunks.PLAIN, data))
    datagram[place % len(datagram)] ^= 1 << bit
    with pytest.raises(ArtlError):
        decode_chunk(bytes(datagram))


@given(st.binary(max_size=100))
def test_arbitrary_bytes_raise_only_our_error(datagram: bytes) -> None:
    with pytest.raises(ArtlError):
        message_of(decode_chunk(datagram))


@pytest.mark.parametrize("kind", [b"ENUM", b"enum", b"ENUm", b"desc", b"STRT", b"dend", b"udat"])
def test_types_are_read_in_any_case(kind: bytes) -> None:
    assert decode_chunk(encode_chunk(kind)).kind in chunks.KINDS


def test_the_comment_is_only_known_in_its_own_case() -> None:
    assert decode_chunk(encode_chunk(b"CMNt")).kind == chunks.COMMENT
    assert decode_chunk(encode_chunk(b"CMNT")).kind not in chunks.KINDS


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ArtlError, match="65508 bytes of data"):
        encode_chunk(chunks.PLAIN, bytes(65508))
    with pytest.raises(ArtlError, match="has 3 bytes; needs 4"):
        encode_chunk(b"UDA")
    with pytest.raises(ArtlError, match="says 9 bytes of data, the datagram has 8"):
        decode_chunk((9).to_bytes(4, "little") + b"UDAT" + bytes(12))
    with pytest.raises(ChecksumError, match="checksum of chunk b'UDAT'"):
        decode_chunk((0).to_bytes(4, "little") + b"UDAT" + bytes(4))


def test_compressed_messages() -> None:
    zstandard = pytest.importorskip("zstandard")
    message = bytes(range(256)) * 3
    packed = zstandard.ZstdCompressor().compress(message)
    assert message_of(decode_chunk(encode_chunk(chunks.COMPRESSED, packed))) == message
    bomb = zstandard.ZstdCompressor().compress(bytes(1 << 24))
    for data in (bomb, packed[:-3], b"no frame at all", b""):
        with pytest.raises(ArtlError):
            message_of(decode_chunk(encode_chunk(chunks.COMPRESSED, data)))
