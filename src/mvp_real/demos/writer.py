"""Writes one demonstration to one MCAP file, message by message, so that a killed writer loses at most the
last one."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from mvp_real.demos import topics
from mvp_real.demos.message_definitions import (
    CAMERA_INFO,
    DEFINITIONS,
    IMAGE,
    JOINT_STATE,
    JOINT_TRAJECTORY,
)
from mvp_real.errors import MvpRealError, require
from mvp_real.messages import Feature, Frame, JointReading, JointTarget

PARTIAL_SUFFIX = ".partial.mcap"


def nanoseconds(seconds: float) -> int:
    """Seconds as whole nanoseconds, the unit of log times."""
    return round(seconds * 1e9)


def stamp_message(seconds: float) -> dict[str, int]:
    """`builtin_interfaces/Time` (or Duration) of a time in seconds."""
    whole, rest = divmod(nanoseconds(seconds), 1_000_000_000)
    return {"sec": whole, "nanosec": rest}


class EpisodeWriter:
    """One demonstration on its way to disk.

    Every message is its own zstd chunk with checksum and is handed to the operating system before the call
    returns, so a killed process loses at most the message in flight. With `durable` it is also forced to the
    disk, which extends the promise to a power cut and costs one disk sync per message.

    Until `close` the file is called `<id>.partial.mcap`; an interrupted recording is thus never taken for a
    demonstration, and `mvp_real.demos.repair` can still make it one.
    """

    def __init__(
        self,
        path: Path,
        metadata: Mapping[str, Any],
        namespace: str = "xarm7",
        durable: bool = True,
    ) -> None:
        """Open the file and write the metadata.

        Args:
            path: Final path, `<dir>/<id>.mcap`.
            metadata: What is known before the first step (id, task, scene, placement, seed, versions,
                calibration); values must be JSON-serialisable.
            namespace: The robot's namespace, first part of every topic.
            durable: Force every message to the disk.

        Raises:
            MvpRealError: The path does not end in .mcap, or a finished demonstration of this name exists.
        """
        if path.suffix != ".mcap":
            raise MvpRealError(f"a demonstration is an .mcap file, got '{path}'")
        if path.exists():
            raise MvpRealError(f"'{path}' exists; delete it or choose another id")
        self.path = path
        self.partial_path = path.with_suffix("").with_name(path.stem + PARTIAL_SUFFIX)
        self._namespace = namespace
        self._durable = durable
        self._schemas: dict[str, Any] = {}
        self._sequence: dict[str, int] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        writer = require("mcap_ros2.writer", "demos")
        self._stream = self.partial_path.open("wb")
        # chunk_size 0 closes a chunk after each message: nothing waits in memory for a kill to destroy it.
        self._writer = writer.Writer(self._stream, chunk_size=0)
        self._metadata_record(topics.METADATA_RECORD, metadata)

    def image(self, frame: Frame, topic: str = topics.WRIST_IMAGE) -> None:
        """Write a colour image, (H, W, 3) uint8 RGB."""
        height, width, channels = frame.image.shape
        if channels != 3 or frame.image.dtype != np.uint8:
            raise MvpRealError(
                f"expected an (H, W, 3) uint8 image, got {frame.image.shape} {frame.image.dtype}"
            )
        data = np.ascontiguousarray(frame.image).tobytes()
        self._image(topic, frame.stamp, "camera_color_optical_frame", height, width, "rgb8", 3 * width, data)

    def feature(self, feature: Feature, topic: str = topics.ORACLE) -> None:
        """Write a (T, D) feature as a 32FC1 image, the type it has on the running robot."""
        tokens = np.ascontiguousarray(feature.tokens, dtype="<f4")
        rows, columns = tokens.shape
        self._image(topic, feature.stamp, "", rows, columns, "32FC1", 4 * columns, tokens.tobytes())

    def camera_info(self, stamp: float, width: int, height: int, focal: float) -> None:
        """Write the intrinsics of an ideal pinhole camera with `focal` in px and the centre in the middle."""
        centre_x, centre_y = (width - 1) / 2, (height - 1) / 2
        message = {
            "header": self._header(stamp, "camera_color_optical_frame"),
            "height": height,
            "width": width,
            "distortion_model": "plumb_bob",
            "d": [0.0] * 5,
            "k": [focal, 0.0, centre_x, 0.0, focal, centre_y, 0.0, 0.0, 1.0],
            "r": [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
            "p": [focal, 0.0, centre_x, 0.0, 0.0, focal, centre_y, 0.0, 0.0, 0.0, 1.0, 0.0],
        }
        self._write(topics.CAMERA_INFO, CAMERA_INFO, message, stamp)

    def joint_states(self, reading: JointReading) -> None:
        """Write measured joints; the gripper is the last name, as opening fraction."""
        message = {
            "header": self._header(reading.stamp, ""),
            "name": list(reading.names),
            "position": [float(value) for value in reading.position],
            "velocity": [] if reading.velocity is None else [float(value) for value in reading.velocity],
            "effort": [],
        }
        self._write(topics.JOINT_STATES, JOINT_STATE, message, reading.stamp)

    def joint_target(self, target: JointTarget, topic: str = topics.JOINT_TARGET) -> None:
        """Write a target; `topics.CLEAN_TARGET` for the label, `topics.JOINT_TARGET` for what was
        executed."""
        point = {
            "positions": [float(value) for value in target.position],
            "velocities": [],
            "accelerations": [],
            "effort": [],
            "time_from_start": stamp_message(target.duration),
        }
        message = {
            "header": self._header(target.stamp, ""),
            "joint_names": list(target.names),
            "points": [point],
        }
        self._write(topic, JOINT_TRAJECTORY, message, target.stamp)

    def close(self, outcome: Mapping[str, Any]) -> Path:
        """Write the outcome and the index, and give the file its final name.

        Returns:
            Path of the finished demonstration.
        """
        self._metadata_record(topics.OUTCOME_RECORD, outcome)
        self._writer.finish()
        self._sync(force=True)
        self._stream.close()
        os.replace(self.partial_path, self.path)
        return self.path

    def discard(self) -> None:
        """Drop the recording and its file."""
        self._stream.close()
        self.partial_path.unlink(missing_ok=True)

    def __enter__(self) -> EpisodeWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the partial file behind, flushed, if `close` was not reached."""
        if not self._stream.closed:
            self._sync(force=True)
            self._stream.close()

    def _image(
        self,
        topic: str,
        stamp: float,
        frame_id: str,
        height: int,
        width: int,
        encoding: str,
        step: int,
        data: bytes,
    ) -> None:
        message = {
            "header": self._header(stamp, frame_id),
            "height": height,
            "width": width,
            "encoding": encoding,
            "is_bigendian": 0,
            "step": step,
            "data": data,
        }
        self._write(topic, IMAGE, message, stamp)

    def _header(self, stamp: float, frame_id: str) -> dict[str, Any]:
        return {"stamp": stamp_message(stamp), "frame_id": frame_id}

    def _write(self, topic: str, kind: str, message: dict[str, Any], stamp: float) -> None:
        if kind not in self._schemas:
            self._schemas[kind] = self._writer.register_msgdef(kind, DEFINITIONS[kind])
        sequence = self._sequence.get(topic, 0)
        self._sequence[topic] = sequence + 1
        name = topics.full_name(self._namespace, topic)
        self._writer.write_message(name, self._schemas[kind], message, nanoseconds(stamp), sequence=sequence)
        self._sync()

    def _metadata_record(self, name: str, values: Mapping[str, Any]) -> None:
        """MCAP metadata maps strings to strings, so each value is stored as JSON."""
        self._writer.add_metadata(name, {key: json.dumps(value) for key, value in values.items()})
        self._sync()

    def _sync(self, force: bool = False) -> None:
        self._stream.flush()
        if self._durable or force:
            os.fsync(self._stream.fileno())
