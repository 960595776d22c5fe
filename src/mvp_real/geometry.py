"""Rigid-body geometry on numpy arrays: rotations, poses and the modified Denavit-Hartenberg step.

Quaternions are (w, x, y, z). Poses are (4, 4) homogeneous matrices, metres.
"""

from __future__ import annotations

import numpy as np

from mvp_real.messages import FloatArray


def rotation_z(angle: float) -> FloatArray:
    """(3, 3) rotation by `angle` rad about z."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def pose(rotation: FloatArray, translation: FloatArray) -> FloatArray:
    """(4, 4) homogeneous matrix of a (3, 3) rotation and a (3,) translation in m."""
    matrix = np.eye(4)
    matrix[:3, :3] = rotation
    matrix[:3, 3] = translation
    return matrix


def modified_dh(a: float, alpha: float, d: float, theta: float) -> FloatArray:
    """(4, 4) transform of one link in the modified (Craig) convention: Rx(alpha) Tx(a) Rz(theta) Tz(d).

    Lengths in m, angles in rad.
    """
    ct, st, ca, sa = np.cos(theta), np.sin(theta), np.cos(alpha), np.sin(alpha)
    return np.array(
        [
            [ct, -st, 0.0, a],
            [st * ca, ct * ca, -sa, -sa * d],
            [st * sa, ct * sa, ca, ca * d],
            [0.0, 0.0, 0.0, 1.0],
        ]
    )


def quaternion_from_rotation(rotation: FloatArray) -> FloatArray:
    """Unit quaternion (w, x, y, z) with w >= 0 of a (3, 3) rotation matrix."""
    m = rotation
    candidates = np.array(
        [
            1.0 + m[0, 0] + m[1, 1] + m[2, 2],
            1.0 + m[0, 0] - m[1, 1] - m[2, 2],
            1.0 - m[0, 0] + m[1, 1] - m[2, 2],
            1.0 - m[0, 0] - m[1, 1] + m[2, 2],
        ]
    )
    largest = int(np.argmax(candidates))  # the best conditioned of the four formulas
    rows = (
        (candidates[0], m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1]),
        (m[2, 1] - m[1, 2], candidates[1], m[1, 0] + m[0, 1], m[0, 2] + m[2, 0]),
        (m[0, 2] - m[2, 0], m[1, 0] + m[0, 1], candidates[2], m[2, 1] + m[1, 2]),
        (m[1, 0] - m[0, 1], m[0, 2] + m[2, 0], m[2, 1] + m[1, 2], candidates[3]),
    )
    quaternion = np.asarray(rows[largest], dtype=np.float64)
    quaternion /= np.linalg.norm(quaternion)
    return quaternion if quaternion[0] >= 0 else -quaternion


def rotation_from_quaternion(quaternion: FloatArray) -> FloatArray:
    """(3, 3) rotation of a quaternion (w, x, y, z), which is normalised first."""
    w, x, y, z = np.asarray(quaternion, dtype=np.float64) / np.linalg.norm(quaternion)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def projected_gravity(quaternion: FloatArray) -> FloatArray:
    """(3,) direction of gravity in the frame whose orientation in the world is the quaternion (w, x, y, z)."""
    down: FloatArray = -rotation_from_quaternion(quaternion)[2]
    return down
