"""Gives an interrupted recording the index and the ending that its writer could not write."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from mvp_real.demos import topics
from mvp_real.demos.durable_file import in_use
from mvp_real.demos.mcap_stream import raw_records
from mvp_real.errors import MvpRealError, require

MAGIC = b"\x89MCAP0\r\n"


@dataclass(frozen=True)
class RepairReport:
    """What a repair kept.

    Attributes:
        path: The repaired file.
        messages: Messages it holds.
        lost_bytes: Bytes of the damaged tail that were left behind.
        was_complete: Nothing was wrong with the file.
        success: The verdict on the episode; None if nobody gave one.
    """

    path: Path
    messages: int
    lost_bytes: int
    was_complete: bool
    success: bool | None = None


def repair(path: Path, target: Path | None = None) -> RepairReport:
    """Copy every intact record of `path` into a complete MCAP file; a file that is complete stays as it is.

    Args:
        path: A recording that may be torn.
        target: Where the result goes; default: the same folder, without ".partial", or in place.

    Raises:
        MvpRealError: It is no recording, holds no message at all, or is still being recorded.
    """
    path = Path(path)
    if in_use(path):
        raise MvpRealError(f"'{path}' is being recorded; end the recorder first")
    target = target or path.with_name(path.name.replace(".partial.mcap", ".mcap"))
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(target.name + ".repair")
    try:
        messages, complete, success = _copy(path, temporary)
        if messages == 0:
            raise MvpRealError(f"'{path}' holds no complete message; there is nothing to repair")
        if complete and target == path and _has_ending(path):
            return RepairReport(target, messages, 0, True, success)
        lost = 0 if complete else path.stat().st_size - _intact_bytes(path)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    if target != path:
        path.unlink()
    return RepairReport(target, messages, lost, complete, success)


def _copy(path: Path, target: Path) -> tuple[int, bool, bool | None]:
    """Every intact record of a file in a new one with an index.

    Returns:
        Number of messages, whether nothing was torn, and the verdict on the episode.
    """
    writer_module = require("mcap.writer", "demos")
    schemas: dict[int, int] = {}
    channels: dict[int, int] = {}
    messages = 0
    complete = outcome = False
    success: bool | None = None
    with target.open("wb") as stream:
        writer = writer_module.Writer(stream)
        writer.start(profile="ros2", library="mvp_real repair")
        for record in raw_records(path):
            kind = type(record).__name__
            if kind == "Schema" and record.id not in schemas:
                schemas[record.id] = writer.register_schema(record.name, record.encoding, record.data)
            elif kind == "Channel" and record.id not in channels:
                channels[record.id] = writer.register_channel(
                    record.topic, record.message_encoding, schemas[record.schema_id], dict(record.metadata)
                )
            elif kind == "Message":
                writer.add_message(
                    channels[record.channel_id],
                    record.log_time,
                    record.data,
                    record.publish_time,
                    record.sequence,
                )
                messages += 1
            elif kind == "Metadata":
                if record.name == topics.OUTCOME_RECORD:
                    outcome, success = (
                        True,
                        {"true": True, "false": False}.get(record.metadata.get("success", "")),
                    )
                writer.add_metadata(record.name, dict(record.metadata))
            elif kind == "DataEnd":
                complete = True
        if not outcome:
            writer.add_metadata(
                topics.OUTCOME_RECORD, {"success": "null", "note": '"repaired after an interruption"'}
            )
        writer.finish()
        stream.flush()
        os.fsync(stream.fileno())
    return messages, complete, success


def _has_ending(path: Path) -> bool:
    """Whether the file ends with the magic that its writer wrote last, behind the index."""
    with path.open("rb") as stream:
        stream.seek(-len(MAGIC), os.SEEK_END)
        return stream.read() == MAGIC


def _intact_bytes(path: Path) -> int:
    """Length of the prefix made of whole records: an 8-byte magic, then opcode, 8-byte length, content."""
    size = path.stat().st_size
    position = 8
    with path.open("rb") as stream:
        while position + 9 <= size:
            stream.seek(position)
            header = stream.read(9)
            end = position + 9 + int.from_bytes(header[1:], "little")
            if header[0] == 0 or end > size:
                break
            position = end
    return position
