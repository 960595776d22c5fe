"""A stream of decoded MCAP records that ends quietly where a file is torn."""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mvp_real.demos.topics import relative_name
from mvp_real.errors import MvpRealError, require

_RECORD_HEADER, _MAP_LENGTH, _TEXT_LENGTH = 9, 4, 4
"""Bytes of opcode and length, and of the lengths before a map and a string (MCAP specification, serialization)."""


@dataclass(frozen=True)
class DecodedMessage:
    """A message with its topic relative to the robot's namespace, and its time in ns."""

    topic: str
    log_time: int
    content: Any


@dataclass(frozen=True)
class MetadataRecord:
    """A named map of strings."""

    name: str
    values: dict[str, str]


def raw_records(path: Path) -> Iterator[Any]:
    """MCAP records in file order, chunks unpacked and checked, up to the first damaged one.

    Raises:
        MvpRealError: The file is absent, or does not even start like an MCAP file.
    """
    stream_reader = require("mcap.stream_reader", "demos")
    exceptions = require("mcap.exceptions", "demos")
    zstandard = require("zstandard", "demos")
    # What a cut or zero-filled tail makes the reader raise, depending on where it falls.
    damage = (
        exceptions.McapError,
        struct.error,
        zstandard.ZstdError,
        ValueError,
        IndexError,
        EOFError,
        OverflowError,
        MemoryError,
    )
    try:
        size = path.stat().st_size
        stream = path.open("rb")
    except FileNotFoundError as error:
        raise MvpRealError(f"no recording '{path}'") from error
    with stream:
        reader = stream_reader.StreamReader(stream, emit_chunks=True, record_size_limit=size)
        records = reader.records
        started = False
        while True:
            try:
                begin = stream.tell()
                record = next(records)
                if (
                    type(record).__name__ == "Metadata"
                    and started
                    and _is_torn(record, stream.tell() - begin)
                ):
                    return
                started = True
                if type(record).__name__ == "Chunk":
                    inner = stream_reader.breakup_chunk(record, validate_crc=True)
                else:
                    inner = [record]
            except StopIteration:
                return
            except damage as error:
                if not started:
                    raise MvpRealError(f"'{path}' is not an MCAP file ({error})") from error
                return
            yield from inner
            if type(record).__name__ == "DataEnd":
                return


def _is_torn(metadata: Any, length: int) -> bool:
    """Whether a metadata record of `length` bytes, header included, ends in the zeros of a power cut.

    It has no checksum, and zeros parse as empty strings; they show as an empty key, as bytes that no string accounts
    for, or as NUL in a string.
    """
    texts = [metadata.name, *metadata.metadata.keys(), *metadata.metadata.values()]
    described = _RECORD_HEADER + _MAP_LENGTH + sum(_TEXT_LENGTH + len(text.encode()) for text in texts)
    return described != length or "" in metadata.metadata or any("\0" in text for text in texts)


def decoded_records(path: Path, only: Collection[str] = ()) -> Iterator[DecodedMessage | MetadataRecord]:
    """Messages and metadata of an episode.

    Args:
        path: The MCAP file; it may be torn.
        only: Relative topic names to decode; empty for all.
    """
    dynamic = require("mcap_ros2.decoder", "demos")
    factory = dynamic.DecoderFactory()
    schemas: dict[int, Any] = {}
    channels: dict[int, Any] = {}
    decoders: dict[int, Callable[[bytes], Any]] = {}
    for record in raw_records(path):
        kind = type(record).__name__
        if kind == "Schema":
            schemas[record.id] = record
        elif kind == "Channel":
            channels[record.id] = record
        elif kind == "Metadata":
            yield MetadataRecord(record.name, dict(record.metadata))
        elif kind == "Message":
            channel = channels.get(record.channel_id)
            if channel is None:
                continue
            topic = relative_name(channel.topic)
            if only and topic not in only:
                continue
            decoder = decoders.get(channel.id)
            if decoder is None:
                decoder = factory.decoder_for(channel.message_encoding, schemas.get(channel.schema_id))
                if decoder is None:
                    raise MvpRealError(
                        f"'{path}': topic {channel.topic} has encoding '{channel.message_encoding}', "
                        f"expected 'cdr'"
                    )
                decoders[channel.id] = decoder
            yield DecodedMessage(topic, record.log_time, decoder(record.data))
