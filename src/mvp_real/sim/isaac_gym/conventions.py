"""Where Isaac Gym and MuJoCo count differently: quaternions, cameras, velocities of bodies.

Every function takes numpy arrays or torch tensors with any leading dimensions. Runs on Python 3.8.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

# MuJoCo writes a quaternion (w, x, y, z), Isaac Gym (x, y, z, w).
_TO_XYZW = [1, 2, 3, 0]
_FROM_XYZW = [3, 0, 1, 2]
_NEXT, _LAST = [1, 2, 0], [2, 0, 1]
# The turn from Isaac Gym's camera (along +x, z up) to MuJoCo's (along -z, y up), (w, x, y, z).
_CAMERA_TURN = np.array([0.5, -0.5, 0.5, 0.5])


def to_xyzw(quaternion: Any) -> Any:
    """(..., 4) from (w, x, y, z) to (x, y, z, w)."""
    return quaternion[..., _TO_XYZW]


def from_xyzw(quaternion: Any) -> Any:
    """(..., 4) from (x, y, z, w) to (w, x, y, z)."""
    return quaternion[..., _FROM_XYZW]


def rotate(quaternion: Any, vector: Any) -> Any:
    """(..., 3) a vector turned by a quaternion (w, x, y, z)."""
    axis = quaternion[..., 1:]
    twice = 2.0 * cross(axis, vector)
    return vector + quaternion[..., :1] * twice + cross(axis, twice)


def cross(left: Any, right: Any) -> Any:
    """(..., 3) cross product with broadcasting, by indices alone because numpy and torch differ in their own."""
    return left[..., _NEXT] * right[..., _LAST] - left[..., _LAST] * right[..., _NEXT]


def velocity_of_origin(center_velocity: Any, angular_velocity: Any, quaternion: Any, center: Any) -> Any:
    """(..., 3) velocity of a body's origin from that of its centre of mass.

    PhysX, and so Isaac Gym's state tensors, tell the velocity of the centre of mass beside the pose of the frame;
    MuJoCo's free joint has that of the frame's origin.

    Args:
        center_velocity, angular_velocity: (..., 3) in the world frame.
        quaternion: (..., 4) of the body, (w, x, y, z).
        center: (..., 3) centre of mass in the body's frame.
    """
    return center_velocity - cross(angular_velocity, rotate(quaternion, center))


def velocity_of_center(origin_velocity: Any, angular_velocity: Any, quaternion: Any, center: Any) -> Any:
    """(..., 3) velocity of a body's centre of mass from that of its origin; see `velocity_of_origin`."""
    return origin_velocity + cross(angular_velocity, rotate(quaternion, center))


def camera_quaternion(quaternion: Any) -> Any:
    """(4,) orientation (w, x, y, z) that Isaac Gym wants for a camera that MuJoCo orients by `quaternion`.

    MuJoCo's camera looks along -z with y up, Isaac Gym's along +x with z up.
    """
    w, axis = quaternion[0], np.asarray(quaternion[1:])
    turn_w, turn = _CAMERA_TURN[0], _CAMERA_TURN[1:]
    vector = w * turn + turn_w * axis + cross(axis, turn)
    return np.concatenate([[w * turn_w - axis @ turn], vector])


def horizontal_opening(vertical: float, width: int, height: int) -> float:
    """Horizontal field of view in degrees, Isaac Gym's measure, of MuJoCo's vertical one and a picture's size."""
    return math.degrees(2.0 * math.atan(math.tan(math.radians(vertical) / 2.0) * width / height))
