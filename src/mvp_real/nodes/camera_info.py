"""`sensor_msgs/CameraInfo` of a real camera's geometry."""

from __future__ import annotations

from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header

from mvp_real.cameras.intrinsics import Intrinsics

CAMERA_FRAME = "wrist_camera_optical_frame"


def camera_info(header: Header, geometry: Intrinsics) -> CameraInfo:
    """The message for an image with this header; unrectified, so the projection is the camera matrix."""
    fx, fy, cx, cy = geometry.fx, geometry.fy, geometry.cx, geometry.cy
    message = CameraInfo(
        header=header,
        height=geometry.height,
        width=geometry.width,
        distortion_model=geometry.distortion,
        d=list(geometry.coefficients),
    )
    message.k = [fx, 0.0, cx, 0.0, fy, cy, 0.0, 0.0, 1.0]
    message.r = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    message.p = [fx, 0.0, cx, 0.0, 0.0, fy, cy, 0.0, 0.0, 0.0, 1.0, 0.0]
    return message
