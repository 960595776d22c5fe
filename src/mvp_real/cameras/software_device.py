"""librealsense's software device, fed with frames from elsewhere: the sensor code path without a camera."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Protocol

from mvp_real.cameras.intrinsics import Intrinsics, pinhole
from mvp_real.cameras.realsense_frames import CameraError, realsense
from mvp_real.cameras.realsense_links import NEWEST
from mvp_real.errors import MvpRealError
from mvp_real.messages import Frame

NAME = "software device"
STREAM = 1  # identifier of the one stream
POLL = 0.1  # s; how long closing may take


class FrameReceiver(Protocol):
    """Where the frames come from, e.g. the stream of an emulated camera."""

    def read(self, timeout: float) -> Frame | None:
        """The next frame, or None after `timeout` s.

        Raises:
            MvpRealError: There will be no more.
        """
        ...

    def close(self) -> None:
        """Let go."""
        ...


class SoftwareSensor:
    """A colour sensor of librealsense into which frames of one size are put.

    Args:
        intrinsics: Geometry and size of the frames.
        rate: Nominal frames per second.
    """

    def __init__(self, intrinsics: Intrinsics, rate: int) -> None:
        rs = realsense()
        self.size = (intrinsics.height, intrinsics.width)
        self.device = rs.software_device()
        self.device.register_info(rs.camera_info.name, NAME)
        self.device.register_info(rs.camera_info.serial_number, "software")
        self._sensor = self.device.add_sensor("RGB Camera")
        given = rs.intrinsics()
        given.width, given.height = intrinsics.width, intrinsics.height
        given.fx, given.fy, given.ppx, given.ppy = intrinsics.fx, intrinsics.fy, intrinsics.cx, intrinsics.cy
        given.model, given.coeffs = rs.distortion.none, [0.0] * 5
        stream = rs.video_stream()
        stream.type, stream.index, stream.uid, stream.fmt = rs.stream.color, 0, STREAM, rs.format.rgb8
        stream.width, stream.height, stream.bpp, stream.fps = intrinsics.width, intrinsics.height, 3, rate
        stream.intrinsics = given
        self.profile = self._sensor.add_video_stream(stream).as_video_stream_profile()
        self._open = False

    def start(self, sink: Any) -> None:
        """Hand frames to a queue, a syncer or a callback of librealsense."""
        self._sensor.open(self.profile)
        self._sensor.start(sink)
        self._open = True

    def put(self, frame: Frame) -> None:
        """A frame of this sensor's size, as if it had just been exposed."""
        rs = realsense()
        video = rs.software_video_frame()
        video.pixels = frame.image
        video.stride, video.bpp = 3 * self.size[1], 3
        video.timestamp, video.domain = 1000.0 * frame.stamp, rs.timestamp_domain.global_time
        video.frame_number, video.profile = frame.sequence, self.profile
        self._sensor.on_video_frame(video)

    def stop(self) -> None:
        """End the stream."""
        if self._open:
            self._open = False
            self._sensor.stop()
            self._sensor.close()


class SoftwareLink:
    """A `Link` to a software device that a thread feeds from a receiver; each new image size makes a new sensor.

    Args:
        connect: Opens the receiver; its error is the camera's.
        name: Where the frames come from, for diagnostics.
        rate: Nominal frames per second.
        vertical_field_of_view: Of the camera that took the images, degrees.

    Raises:
        MvpRealError: Nobody sends frames.
    """

    live = True

    def __init__(
        self, connect: Callable[[], FrameReceiver], name: str, rate: int, vertical_field_of_view: float
    ) -> None:
        rs = realsense()
        self.description = {"name": NAME, "frames from": name}
        self._rate, self._field_of_view = rate, vertical_field_of_view
        self._queue = rs.frame_queue(NEWEST)
        self._sensor: SoftwareSensor | None = None
        self._error: MvpRealError | None = None
        self._closed = threading.Event()
        self._receiver = connect()
        self._thread = threading.Thread(target=self._feed, name="software camera", daemon=True)
        self._thread.start()

    def wait(self, timeout: float) -> Any | None:
        arrived, frame = self._queue.try_wait_for_frame(max(1, round(1000 * timeout)))
        if not arrived and self._error is not None:
            raise CameraError(str(self._error)) from self._error
        return frame if arrived else None

    def finished(self) -> bool:
        return False

    def close(self) -> None:
        self._closed.set()
        self._receiver.close()
        self._thread.join()
        if self._sensor is not None:
            self._sensor.stop()

    def _feed(self) -> None:
        try:
            while not self._closed.is_set():
                frame = self._receiver.read(POLL)
                if frame is not None:
                    self._sensor_for(frame).put(frame)
        except MvpRealError as error:
            self._error = error

    def _sensor_for(self, frame: Frame) -> SoftwareSensor:
        size = frame.image.shape[:2]
        if self._sensor is None or self._sensor.size != size:
            if self._sensor is not None:
                self._sensor.stop()
            self._sensor = SoftwareSensor(pinhole(size[1], size[0], self._field_of_view), self._rate)
            self._sensor.start(self._queue)
        return self._sensor
