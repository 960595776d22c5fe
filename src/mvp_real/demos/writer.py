"""Writes one demonstration from the package's own records, as the simulator and the trial recorder have them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mvp_real.demos import topics
from mvp_real.demos.cdr import CdrEncoder
from mvp_real.demos.episode_file import EpisodeFile
from mvp_real.demos.message_definitions import (
    CAMERA_INFO,
    DEFINITIONS,
    IMAGE,
    JOINT_STATE,
    JOINT_TRAJECTORY,
)
from mvp_real.errors import MvpRealError
from mvp_real.messages import Feature, Frame, JointReading, JointTarget

CAMERA_FRAME = "camera_color_optical_frame"


def nanoseconds(seconds: float) -> int:
    """Seconds as whole nanoseconds, the unit of log times."""
    return round(seconds * 1e9)


class EpisodeWriter(EpisodeFile):
    """One demonstration on its way to disk, in the package's records instead of serialised messages.

    With `durable` every message is forced to the disk, which extends the promise of `EpisodeFile` to a power cut and
    costs one disk sync per message.
    """

    def __init__(
        self,
        path: Path,
        metadata: Mapping[str, Any],
        namespace: str = "xarm7",
        durable: bool = True,
    ) -> None:
        super().__init__(path, metadata, namespace, durable)

    def image(self, frame: Frame, topic: str = topics.WRIST_IMAGE) -> None:
        """Write a colour image, (H, W, 3) uint8 RGB."""
        height, width, channels = frame.image.shape
        if channels != 3 or frame.image.dtype != np.uint8:
            raise MvpRealError(
                f"expected an (H, W, 3) uint8 image, got {frame.image.shape} {frame.image.dtype}"
            )
        data = memoryview(np.ascontiguousarray(frame.image)).cast("B")
        self._image(topic, frame.stamp, CAMERA_FRAME, height, width, "rgb8", 3 * width, data)

    def feature(self, feature: Feature, topic: str = topics.ORACLE) -> None:
        """Write a (T, D) feature as a 32FC1 image, the type it has on the running robot."""
        tokens = np.ascontiguousarray(feature.tokens, dtype="<f4")
        rows, columns = tokens.shape
        self._image(
            topic, feature.stamp, "", rows, columns, "32FC1", 4 * columns, memoryview(tokens).cast("B")
        )

    def camera_info(self, stamp: float, width: int, height: int, focal: float) -> None:
        """Write the intrinsics of an ideal pinhole camera with `focal` in px and the centre in the middle."""
        centre_x, centre_y = (width - 1) / 2, (height - 1) / 2
        message = self._headed(stamp, CAMERA_FRAME).unsigned(height).unsigned(width).text("plumb_bob")
        message.doubles([0.0] * 5)
        message.doubles([focal, 0.0, centre_x, 0.0, focal, centre_y, 0.0, 0.0, 1.0], fixed=True)
        message.doubles([1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0], fixed=True)
        message.doubles(
            [focal, 0.0, centre_x, 0.0, 0.0, focal, centre_y, 0.0, 0.0, 0.0, 1.0, 0.0], fixed=True
        )
        for _ in range(6):  # binning and region of interest: none
            message.unsigned(0)
        self._message(topics.CAMERA_INFO, CAMERA_INFO, message.unsigned_byte(0), stamp)

    def joint_states(self, reading: JointReading) -> None:
        """Write measured joints; the gripper is the last name, as opening fraction."""
        message = self._headed(reading.stamp, "").texts(reading.names).doubles(reading.position.tolist())
        for values in (reading.velocity, reading.effort):
            message.doubles([] if values is None else values.tolist())
        self._message(topics.JOINT_STATES, JOINT_STATE, message, reading.stamp)

    def joint_target(self, target: JointTarget, topic: str = topics.JOINT_TARGET) -> None:
        """Write a target; `topics.CLEAN_TARGET` for the label, `topics.JOINT_TARGET` for what was
        executed."""
        message = self._headed(target.stamp, "").texts(target.names).unsigned(1)
        message.doubles([float(value) for value in target.position]).doubles([]).doubles([]).doubles([])
        self._message(topic, JOINT_TRAJECTORY, message.time(nanoseconds(target.duration)), target.stamp)

    def _image(
        self,
        topic: str,
        stamp: float,
        frame_id: str,
        height: int,
        width: int,
        encoding: str,
        step: int,
        data: memoryview,
    ) -> None:
        message = self._headed(stamp, frame_id).unsigned(height).unsigned(width).text(encoding)
        self._message(topic, IMAGE, message.unsigned_byte(0).unsigned(step).octets(data), stamp)

    def _headed(self, stamp: float, frame_id: str) -> CdrEncoder:
        return CdrEncoder().header(nanoseconds(stamp), frame_id)

    def _message(self, topic: str, kind: str, message: CdrEncoder, stamp: float) -> None:
        self.write(topic, kind, DEFINITIONS[kind], message.finish(), nanoseconds(stamp))
