"""One episode on its way to disk as MCAP, message by message."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from mvp_real.demos import topics
from mvp_real.demos.durable_file import DiskError, DurableFile, sync_folder
from mvp_real.errors import MvpRealError, require

PARTIAL_SUFFIX = ".partial.mcap"
COMPRESSIONS = {"zstd": "ZSTD", "none": "NONE"}


class EpisodeFile:
    """An MCAP file that grows by one message at a time, each in a chunk of its own with a checksum.

    Every message is handed to the operating system before `write` returns, so a killed process loses at most the one
    in flight, and a file cut at any byte is readable up to its last whole message. Against a power cut, call `sync`.

    Until `close` the file is called `<id>.partial.mcap`; an interrupted recording is thus never taken for a
    demonstration, and `mvp_real.demos.repair` can still make it one.
    """

    def __init__(
        self,
        path: Path,
        metadata: Mapping[str, Any],
        namespace: str = "xarm7",
        durable: bool = True,
        compression: str = "zstd",
    ) -> None:
        """Open the file and write the metadata.

        Args:
            path: Final path, `<dir>/<id>.mcap`.
            metadata: What is known before the first message; values must be JSON-serialisable.
            namespace: The robot's namespace, first part of every relative topic.
            durable: Force the file to the disk after every message.
            compression: "zstd", or "none" where the messages are compressed already.

        Raises:
            MvpRealError: The path does not end in .mcap, or a finished episode of this name exists.
            DiskError: The disk takes nothing.
        """
        if path.suffix != ".mcap":
            raise MvpRealError(f"a demonstration is an .mcap file, got '{path}'")
        if path.exists():
            raise MvpRealError(f"'{path}' exists; delete it or choose another id")
        module = require("mcap.writer", "demos")
        self.path = path
        self.partial_path = path.with_suffix("").with_name(path.stem + PARTIAL_SUFFIX)
        self.messages = 0
        self._namespace = namespace
        self._durable = durable
        self._schemas: dict[str, int] = {}
        self._channels: dict[str, int] = {}
        self._sequence: dict[str, int] = {}
        _make_folder(path.parent)
        self._file = DurableFile(self.partial_path)
        # chunk_size 0 closes a chunk after each message: nothing waits in memory for a kill to destroy it.
        self._writer = module.Writer(
            self._file,
            chunk_size=0,
            compression=getattr(module.CompressionType, COMPRESSIONS[compression]),
        )
        self._writer.start(profile="ros2", library="mvp_real")
        self.metadata_record(topics.METADATA_RECORD, metadata)
        if durable:
            sync_folder(path.parent)

    @property
    def size(self) -> int:
        """Bytes in the file so far."""
        return self._file.size

    def write(
        self,
        topic: str,
        kind: str,
        definition: str,
        data: bytes,
        log_time: int,
        publish_time: int | None = None,
    ) -> None:
        """Append one message.

        Args:
            topic: Name relative to the robot's namespace, or absolute with a leading slash.
            kind: Type, e.g. "sensor_msgs/msg/JointState".
            definition: Full text of the type in the form rosbag2 stores it.
            data: The message in CDR.
            log_time: When it was received (or, for a simulation that records itself, captured), ns.
            publish_time: When it was captured, ns; default `log_time`.

        Raises:
            DiskError: The disk is full or failed; this message is not in the file, all before are.
        """
        if kind not in self._schemas:
            self._schemas[kind] = self._writer.register_schema(kind, "ros2msg", definition.encode())
        if topic not in self._channels:
            name = topic if topic.startswith("/") else topics.full_name(self._namespace, topic)
            self._channels[topic] = self._writer.register_channel(name, "cdr", self._schemas[kind])
        sequence = self._sequence.get(topic, 0)
        self._sequence[topic] = sequence + 1
        self._writer.add_message(
            self._channels[topic],
            log_time,
            data,
            log_time if publish_time is None else publish_time,
            sequence,
        )
        self._commit()
        self.messages += 1

    def metadata_record(self, name: str, values: Mapping[str, Any]) -> None:
        """Append a named record; MCAP metadata maps strings to strings, so each value is stored as JSON."""
        self._writer.add_metadata(name, {key: json.dumps(value) for key, value in values.items()})
        self._commit()

    def sync(self) -> None:
        """Force everything written to the disk."""
        self._file.sync()

    def close(self, outcome: Mapping[str, Any], path: Path | None = None) -> Path:
        """Write the outcome and the index, and give the file its final name.

        Args:
            outcome: The verdict and what was measured.
            path: Another final path than the one planned; the same file system.

        Returns:
            Path of the finished episode.

        Raises:
            DiskError: There is no room for the index; the partial file holds every message.
        """
        self.metadata_record(topics.OUTCOME_RECORD, outcome)
        self._writer.finish()
        self._file.commit()
        self._file.sync()
        self._file.close()
        path = path or self.path
        _make_folder(path.parent)
        try:
            os.replace(self.partial_path, path)
            sync_folder(path.parent)
        except OSError as error:
            raise DiskError(
                f"'{self.partial_path}' is whole and could not be named '{path.name}': {error.strerror}"
            ) from error
        return path

    def abandon(self) -> Path:
        """Stop writing and leave the partial file behind, flushed.

        Returns:
            Its path.
        """
        if not self._file.closed:
            with contextlib.suppress(DiskError):  # what was committed is all that can be kept
                self._file.sync()
            self._file.close()
        return self.partial_path

    def discard(self) -> None:
        """Drop the recording and its file."""
        self._file.close()
        self.partial_path.unlink(missing_ok=True)

    def __enter__(self) -> EpisodeFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the partial file behind, flushed, if `close` was not reached."""
        self.abandon()

    def _commit(self) -> None:
        self._file.commit()
        if self._durable:
            self._file.sync()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DiskError(f"'{folder}' cannot be made: {error.strerror}") from error
