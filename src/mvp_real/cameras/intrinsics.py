"""The geometry of one camera, as `sensor_msgs/CameraInfo` wants it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mvp_real.errors import MvpRealError

PLUMB_BOB, EQUIDISTANT = "plumb_bob", "equidistant"


@dataclass(frozen=True)
class Intrinsics:
    """Pinhole model with distortion.

    Attributes:
        width, height: Size of the image, px.
        fx, fy: Focal lengths, px.
        cx, cy: Principal point, px; (0, 0) is the centre of the upper left pixel.
        distortion: ROS name of the distortion model, "plumb_bob" or "equidistant".
        coefficients: Its coefficients: five of plumb_bob, four of equidistant.
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    distortion: str = PLUMB_BOB
    coefficients: tuple[float, ...] = (0.0,) * 5


def pinhole(width: int, height: int, vertical_field_of_view: float) -> Intrinsics:
    """An ideal camera without distortion that looks straight ahead.

    Args:
        width, height: Size of the image, px.
        vertical_field_of_view: Angle from the upper to the lower edge, degrees.

    Raises:
        MvpRealError: The angle is not between 1 and 179 degrees.
    """
    if not 1.0 <= vertical_field_of_view <= 179.0:
        raise MvpRealError(f"a field of view of {vertical_field_of_view} degrees is not within 1 to 179")
    focal = 0.5 * height / math.tan(0.5 * math.radians(vertical_field_of_view))
    return Intrinsics(width, height, focal, focal, (width - 1) / 2, (height - 1) / 2)
