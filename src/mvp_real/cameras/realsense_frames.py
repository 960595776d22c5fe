"""From librealsense's frames and profiles to the package's records."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvp_real.cameras.intrinsics import EQUIDISTANT, PLUMB_BOB, Intrinsics
from mvp_real.errors import MvpRealError, require


class CameraError(MvpRealError):
    """A camera cannot be opened or has been lost; the message says which and what to do."""


def realsense() -> Any:
    """The module pyrealsense2.

    Raises:
        MvpRealError: It is not installed.
    """
    return require("pyrealsense2", "realsense")


def color_frame(frame: Any) -> Any | None:
    """The colour image in what a queue handed out: a frame from a sensor, a set of frames from a pipeline."""
    if frame.is_frameset():
        frame = frame.as_frameset().get_color_frame()
    # An empty set gives a frame that is false.
    return frame.as_video_frame() if frame else None


def pixels(frame: Any) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 RGB, copied: librealsense takes the frame's memory back.

    Raises:
        CameraError: The stream has another pixel format.
    """
    formats = realsense().format
    kind = frame.profile.format()
    data = np.asanyarray(frame.get_data())
    if kind == formats.rgb8:
        image: NDArray[np.uint8] = data.reshape(frame.get_height(), frame.get_width(), 3).copy()
    elif kind == formats.bgr8:
        image = data.reshape(frame.get_height(), frame.get_width(), 3)[..., ::-1].copy()
    else:
        raise CameraError(f"the colour stream has format {kind.name}; record or stream it as rgb8")
    return image


def intrinsics_of(frame: Any) -> Intrinsics:
    """Geometry of the stream that a frame is from.

    The models of this vendor's cameras other than the fish-eye ones all go by plumb_bob in ROS, as in its own
    ROS driver; the coefficients of its rectified colour streams are zero.
    """
    given = frame.profile.as_video_stream_profile().intrinsics
    fish_eye = given.model.name == "kannala_brandt4"
    coefficients = tuple(float(value) for value in given.coeffs)
    return Intrinsics(
        int(given.width),
        int(given.height),
        float(given.fx),
        float(given.fy),
        float(given.ppx),
        float(given.ppy),
        EQUIDISTANT if fish_eye else PLUMB_BOB,
        coefficients[:4] if fish_eye else coefficients,
    )


def host_time(frame: Any) -> bool:
    """Whether the frame's timestamp is of the host's clock, and not of the device's own."""
    domains = realsense().timestamp_domain
    return frame.get_frame_timestamp_domain() in (domains.global_time, domains.system_time)
