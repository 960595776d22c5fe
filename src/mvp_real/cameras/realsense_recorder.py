"""Writes frames into a recording that librealsense and its viewer play."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mvp_real.cameras.intrinsics import Intrinsics
from mvp_real.cameras.realsense_frames import CameraError, realsense
from mvp_real.cameras.software_device import SoftwareSensor
from mvp_real.messages import Frame

SUFFIX = ".db3"


class RealSenseRecorder:
    """One recording; the file is complete after `close`.

    Args:
        file: Where to, `.db3`; must not exist.
        intrinsics: Geometry and size of the frames.
        rate: Nominal frames per second.

    Raises:
        CameraError: Another suffix (librealsense since 2.56 writes no other), a file that exists, or a folder that
            does not.
    """

    def __init__(self, file: Path, intrinsics: Intrinsics, rate: int) -> None:
        if file.suffix != SUFFIX:
            raise CameraError(f"a recording ends in {SUFFIX}, not in '{file.suffix}' ({file})")
        if file.exists() or not file.parent.is_dir():
            fault = "exists already" if file.exists() else "is in a folder that does not exist"
            raise CameraError(f"{file} {fault}; name another file")
        rs = realsense()
        self.frames = self.refused = 0
        self._source = SoftwareSensor(intrinsics, rate)
        self._recorder: Any = rs.recorder(str(file), self._source.device)
        # The recorder wraps the device: opening its sensor opens ours, and what passes through is written.
        self._sensor: Any = self._recorder.query_sensors()[0]
        self._sensor.open(self._sensor.get_stream_profiles()[0])
        self._sensor.start(rs.frame_queue(1))

    def add(self, frame: Frame) -> None:
        """Append a frame; one of another size is counted in `refused` and left out."""
        if frame.image.shape[:2] != self._source.size:
            self.refused += 1
            return
        self._source.put(frame)
        self.frames += 1

    def close(self) -> None:
        """Complete the file."""
        if self._recorder is None:
            return
        self._sensor.stop()
        self._sensor.close()
        # librealsense writes the end of the file when the last reference goes.
        self._sensor = self._recorder = None
