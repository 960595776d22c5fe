"""Open connections to a RealSense camera: a device by its serial number, or a recording.

Both run librealsense's pipeline into a queue of one frame, so that whoever reads gets the newest.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from mvp_real.cameras.realsense_frames import CameraError, realsense

NEWEST = 1  # length of the queue between librealsense and us


class Link(Protocol):
    """An open stream of frames.

    Attributes:
        description: What is connected, for diagnostics: name, serial number, firmware and so on.
        live: False for a recording, whose stamps are of another day.
    """

    description: dict[str, str]
    live: bool

    def wait(self, timeout: float) -> Any | None:
        """The next frame of librealsense, or None after `timeout` s without one.

        Raises:
            CameraError: There will be no more frames; connect again.
        """
        ...

    def finished(self) -> bool:
        """Whether the stream came to its proper end, which only a recording does."""
        ...

    def close(self) -> None:
        """Stop the stream and let go of the device."""
        ...


class PipelineLink:
    """A running pipeline.

    Args:
        config: Configuration of the pipeline, with its device.
        name: What is opened, for messages.
        live: See `Link`.

    Raises:
        CameraError: librealsense refuses; its reason is in the message.
    """

    def __init__(self, config: Any, name: str, live: bool) -> None:
        rs = realsense()
        self.live = live
        self._queue = rs.frame_queue(NEWEST)
        self._pipeline = rs.pipeline(rs.context())
        try:
            device = config.resolve(rs.pipeline_wrapper(self._pipeline)).get_device()
            self.description = describe(device)
            if live:
                self.description |= set_up(device)
            profile = self._pipeline.start(config, self._queue)
        except RuntimeError as error:
            raise CameraError(f"{name} cannot be opened: {error}") from error
        self._playback = None if live else profile.get_device().as_playback()

    def wait(self, timeout: float) -> Any | None:
        arrived, frame = self._queue.try_wait_for_frame(max(1, round(1000 * timeout)))
        return frame if arrived else None

    def finished(self) -> bool:
        if self._playback is None:
            return False
        return bool(self._playback.current_status() == realsense().playback_status.stopped)

    def close(self) -> None:
        try:
            self._pipeline.stop()
        except RuntimeError:
            return  # a device that was unplugged has nothing left to stop


def open_device(serial: str, width: int, height: int, rate: int) -> PipelineLink:
    """Stream rgb8 from the camera with this serial number; an empty one means the only camera there is.

    Raises:
        CameraError: No such camera, at once and with those that are connected; or it is taken, or has no such
            mode.
    """
    rs = realsense()
    connected = connected_cameras()
    listed = ", ".join(f"{number} ({name})" for number, name in connected.items()) or "none"
    if serial and serial not in connected:
        raise CameraError(
            f"no RealSense with serial number '{serial}'; connected: {listed}; check cable and USB port"
        )
    if not serial:
        # Never simply the first one: after a restart another camera may be first.
        if len(connected) != 1:
            raise CameraError(f"name the camera by its serial number; connected: {listed}")
        serial = next(iter(connected))
    config = rs.config()
    config.enable_device(serial)
    config.enable_stream(rs.stream.color, width, height, rs.format.rgb8, rate)
    # `start` would wait 15 s for a device that cannot do it.
    if not config.can_resolve(rs.pipeline_wrapper(rs.pipeline(rs.context()))):
        raise CameraError(
            f"RealSense {serial} has no colour mode {width}x{height} rgb8 at {rate} Hz "
            "on this port; a camera on USB 2 has fewer modes"
        )
    return PipelineLink(config, f"RealSense {serial}", live=True)


def open_recording(file: Path, repeat: bool) -> PipelineLink:
    """Play the colour stream of a recording at the pace at which it was taken.

    Args:
        file: Recording of librealsense, `.db3` (or `.bag` of earlier versions).
        repeat: Begin again at the end.

    Raises:
        CameraError: No such file, or no recording with a colour stream.
    """
    if not file.is_file():
        raise CameraError(
            f"no recording at {file}; make one with: mvp_real emulate realsense --record FILE.db3"
        )
    rs = realsense()
    config = rs.config()
    try:
        config.enable_device_from_file(str(file), repeat_playback=repeat)
    except RuntimeError as error:
        raise CameraError(f"recording {file} cannot be opened: {error}") from error
    config.enable_stream(rs.stream.color)
    return PipelineLink(config, f"recording {file}", live=False)


def connected_cameras() -> dict[str, str]:
    """Names of the cameras of this vendor that are connected, by serial number."""
    rs = realsense()
    found: dict[str, str] = {}
    devices = rs.context().query_devices()
    for index in range(len(devices)):
        try:
            info = describe(devices[index])
        except RuntimeError:  # it is being plugged in or out
            continue
        found[info.get("serial number", "")] = info.get("name", "")
    return found


def describe(device: Any) -> dict[str, str]:
    """What a device says about itself."""
    fields = realsense().camera_info
    wanted = {
        "name": fields.name,
        "serial number": fields.serial_number,
        "firmware": fields.firmware_version,
        "USB": fields.usb_type_descriptor,
    }
    return {key: str(device.get_info(field)) for key, field in wanted.items() if device.supports(field)}


def set_up(device: Any) -> dict[str, str]:
    """Keep the rate up in the dark and stamp with the host's clock, where the camera can; what was set.

    Not every model has these options, and none is needed to get images.
    """
    options = realsense().option
    done: dict[str, str] = {}
    for option, value in ((options.auto_exposure_priority, 0.0), (options.global_time_enabled, 1.0)):
        for sensor in device.query_sensors():
            if not sensor.is_color_sensor() or not sensor.supports(option):
                continue
            try:
                sensor.set_option(option, value)
                done[option.name] = f"{value:g}"
            except RuntimeError as error:
                done[option.name] = f"refused: {error}"
    return done
