"""Node `camera`: the wrist camera, from a RealSense, a recording or an emulator, to `wrist_camera/image`.

All three go through the real librealsense. Images are published as they arrive, of whatever size, stamped with their
capture time; when none arrives the node says so and connects again by itself.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from sensor_msgs.msg import CameraInfo, Image

from mvp_real.cameras.realsense import CameraState, Patience, RealSenseCamera
from mvp_real.cameras.realsense_frames import realsense
from mvp_real.cameras.realsense_links import Link, open_device, open_recording
from mvp_real.cameras.software_device import SoftwareLink
from mvp_real.emulators.fault_socket import parse_address
from mvp_real.emulators.frame_stream import FrameClient
from mvp_real.errors import MvpRealError, unknown_name
from mvp_real.nodes import conversions
from mvp_real.nodes.camera_info import CAMERA_FRAME, camera_info
from mvp_real.nodes.diagnostics import ERROR, OK, STALE, WARN, Report
from mvp_real.nodes.durations import Durations
from mvp_real.nodes.managed_node import ManagedNode
from mvp_real.nodes.parameters import declare
from mvp_real.nodes.quality import SENSOR
from mvp_real.nodes.runner import run_node

SOURCES = ("realsense", "software", "playback")
LEVELS = {
    CameraState.STREAMING: OK,
    CameraState.WAITING: WARN,
    CameraState.STALE: WARN,
    CameraState.LOST: ERROR,
    CameraState.CLOSED: STALE,
    CameraState.ENDED: STALE,
}


class Camera(ManagedNode):
    """See the module; parameters describe themselves (`ros2 param describe`)."""

    def __init__(self) -> None:
        super().__init__("camera", "wrist camera")

        def fixed(name: str, default: Any, what: str, bounds: tuple[float, float] | None = None) -> Any:
            return declare(self, name, default, what, bounds, read_only=True)

        self._source = fixed("source", "realsense", "realsense, software (an emulated camera) or playback.")
        self._serial = fixed(
            "serial", "", "Serial number of the RealSense; may be empty if there is only one."
        )
        self._frames = fixed("frames", "", "Of source 'software': HOST:PORT of mvp_real emulate realsense.")
        self._file = fixed("file", "", "Of source 'playback': a recording of librealsense, .db3.")
        self._repeat = fixed("repeat", True, "Of source 'playback': begin again at the end.")
        self._width = fixed("width", 640, "Width asked of the camera, px.", (16, 4096))
        self._height = fixed("height", 480, "Height asked of the camera, px.", (16, 4096))
        self._rate = fixed("rate", 30, "Images per second asked of the camera.", (1, 120))
        self._field_of_view = fixed(
            "field_of_view", 42.0, "Of source 'software': vertical angle of the image, degrees.", (1.0, 179.0)
        )
        stale = fixed(
            "stale_after",
            0.0,
            "Silence, or age of an image when it arrives, reported as stale, s; 0 for 3 image periods.",
            (0.0, 10.0),
        )
        lost = fixed("lost_after", 1.0, "Silence after which the node connects again, s.", (0.1, 60.0))
        self._wait = fixed("wait", 0.0, "How long to wait for the camera at the start, s.", (0.0, 600.0))
        if self._source not in SOURCES:
            raise unknown_name("camera source", self._source, SOURCES)
        self._patience = Patience(stale or min(3 / self._rate, lost), lost)
        self._camera: RealSenseCamera | None = None
        self._published = 0
        self._last_sequence = -1
        self._age = Durations()
        self._hop = Durations()
        self._said = CameraState.CLOSED
        self._images = self.create_publisher(Image, "wrist_camera/image", SENSOR)
        self._infos = self.create_publisher(CameraInfo, "wrist_camera/camera_info", SENSOR)
        # The camera's thread wakes the node; the node publishes, and only what is newest by then.
        self._news = self.create_guard_condition(self._on_news)

    # Life cycle.

    def configure(self) -> None:
        realsense()
        if self._source == "software" and not self._frames:
            raise MvpRealError("source 'software' needs the parameter 'frames': HOST:PORT of the emulator")
        if self._source == "playback" and not self._file:
            raise MvpRealError("source 'playback' needs the parameter 'file': a recording, .db3")
        camera = RealSenseCamera(self._connect, self._patience, self._news.trigger)
        camera.start(self._wait)
        self._camera = camera

    def activate(self) -> None:
        self.get_logger().info(f"camera ready: {self._source}")

    def clean_up(self) -> None:
        if self._camera is not None:
            self._camera.close()
            self._camera = None

    def shut_down(self) -> None:
        super().shut_down()
        self.clean_up()

    def _connect(self) -> Link:
        if self._source == "realsense":
            return open_device(self._serial, self._width, self._height, self._rate)
        if self._source == "playback":
            return open_recording(Path(self._file), self._repeat)
        host, port = parse_address(self._frames)
        return SoftwareLink(lambda: FrameClient(host, port), self._frames, self._rate, self._field_of_view)

    # Images.

    def _on_news(self) -> None:
        newest = None if self._camera is None else self._camera.latest_with_intrinsics()
        if not self.active or newest is None or newest[0].sequence == self._last_sequence:
            return
        frame, geometry = newest
        self._last_sequence = frame.sequence
        host, ros = time.time(), self.get_clock().now().nanoseconds * 1e-9
        # On simulated time only the age means anything.
        stamp = frame.stamp + (ros - host if self.get_clock().ros_time_is_active else 0.0)
        image = conversions.image_message(frame.image, stamp, CAMERA_FRAME)
        self._images.publish(image)
        self._infos.publish(camera_info(image.header, geometry))
        self._published += 1
        self._age.add(host - frame.stamp)
        self._hop.add(time.time() - host)

    # What the node reports.

    def report(self) -> Report:
        if self._camera is None:
            return WARN, "not configured", {}
        status = self._camera.status()
        if status.state is not self._said:
            self._said = status.state
            text = f"camera {status.state.value}{': ' + status.reason if status.reason else ''}"
            # The logger remembers the severity of a call by its place.
            if LEVELS[status.state] == OK:
                self.get_logger().info(text)
            else:
                self.get_logger().warning(text)
        values = {
            "state": status.state.value,
            "image age (s)": "" if status.age is None else status.age,
            "rate (Hz)": status.rate,
            "images": status.frames,
            "published": self._published,
            "dropped": status.dropped,
            "reconnects": status.reconnects,
            "identical images in a row": status.repeated,
            "size": self._size(),
            **status.description,
            **self._age.report("capture to publication"),
            **self._hop.report("publication, wall"),
        }
        level, message = LEVELS[status.state], status.reason or status.state.value
        if level == OK and self._size() != f"{self._width}x{self._height}":
            level, message = WARN, f"images are {self._size()}, asked for {self._width}x{self._height}"
        elif level == OK and status.rate < 0.8 * self._rate and status.frames > 2 * self._rate:
            level, message = WARN, f"only {status.rate:.1f} images per second of {self._rate}"
        return level, message, values

    def _size(self) -> str:
        frame = None if self._camera is None else self._camera.latest()
        return "" if frame is None else f"{frame.image.shape[1]}x{frame.image.shape[0]}"


def main() -> int:
    """Entry point of `lib/mvp_real/camera`."""
    return run_node(Camera)
