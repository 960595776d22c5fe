"""Forward kinematics of the arm, fast enough to run twice inside every limiter command.

The chain is written out on plain floats: for seven links this is several times faster than numpy on 4 x 4
    matrices,
whose cost is the calls and not the arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi, radians, sin

import numpy as np

from mvp_real.messages import FloatArray

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class LinkGeometry:
    """One row of a modified (Craig) Denavit-Hartenberg table: Rx(alpha) Tx(a) Rz(theta) Tz(d).

    Attributes:
        a: Offset along the previous x axis, m.
        d: Offset along the joint's z axis, m.
        alpha: Twist about the previous x axis, rad.
    """

    a: float
    d: float
    alpha: float


class SerialChain:
    """A chain of revolute joints in the base frame of the robot."""

    def __init__(self, links: Sequence[LinkGeometry]) -> None:
        self.links = tuple(links)
        # Twists are multiples of 90 degrees, whose sine and cosine shall be exact.
        self._rows = tuple((k.a, k.d, _exact(cos(k.alpha)), _exact(sin(k.alpha))) for k in self.links)

    def frames(self, angles: Sequence[float]) -> tuple[list[Vector], tuple[Vector, Vector, Vector]]:
        """Origins of all link frames (m) and the axes x, y, z of the last one.

        Args:
            angles: One angle per joint, rad.
        """
        xx, xy, xz = 1.0, 0.0, 0.0
        yx, yy, yz = 0.0, 1.0, 0.0
        zx, zy, zz = 0.0, 0.0, 1.0
        px = py = pz = 0.0
        origins: list[Vector] = []
        for angle, (a, d, ca, sa) in zip(angles, self._rows, strict=True):
            c, s = cos(angle), sin(angle)
            if a:
                px += a * xx
                py += a * xy
                pz += a * xz
            # Twist about x: y and z turn. With ca or sa zero these are exact swaps.
            tx, ty, tz = ca * yx + sa * zx, ca * yy + sa * zy, ca * yz + sa * zz
            zx, zy, zz = ca * zx - sa * yx, ca * zy - sa * yy, ca * zz - sa * yz
            # Joint angle about the new z: x and y turn.
            xx, xy, xz, yx, yy, yz = (
                c * xx + s * tx,
                c * xy + s * ty,
                c * xz + s * tz,
                c * tx - s * xx,
                c * ty - s * xy,
                c * tz - s * xz,
            )
            if d:
                px += d * zx
                py += d * zy
                pz += d * zz
            origins.append((px, py, pz))
        return origins, ((xx, xy, xz), (yx, yy, yz), (zx, zy, zz))

    def pose(self, angles: Sequence[float], tool: float = 0.0) -> FloatArray:
        """(4, 4) pose of the tool centre point in the base frame, m.

        Args:
            angles: One angle per joint, rad.
            tool: Distance from the flange to the tool centre point along the flange's z axis, m.
        """
        origins, (x, y, z) = self.frames(angles)
        origin = origins[-1]
        matrix = np.eye(4)
        for row in range(3):
            matrix[row] = x[row], y[row], z[row], origin[row] + tool * z[row]
        return matrix


def _exact(value: float) -> float:
    return float(round(value)) if abs(value - round(value)) < 1e-12 else value


# Vendor's modified DH parameters of the xArm7; they give the flange at (0.206, 0, 0.1205) m for zero angles.
XARM7 = SerialChain(
    [
        LinkGeometry(0.0, 0.267, 0.0),
        LinkGeometry(0.0, 0.0, radians(-90.0)),
        LinkGeometry(0.0, 0.293, radians(90.0)),
        LinkGeometry(0.0525, 0.0, radians(90.0)),
        LinkGeometry(0.0775, 0.3425, radians(90.0)),
        LinkGeometry(0.0, 0.0, pi / 2),
        LinkGeometry(0.076, 0.097, -pi / 2),
    ]
)
CHAINS = {"xarm7": XARM7}


def forward_kinematics(angles: Sequence[float] | FloatArray, tool: float = 0.0) -> FloatArray:
    """(4, 4) pose of the xArm7's tool centre point in the base frame, m.

    Args:
        angles: (7,) joint angles, rad.
        tool: Distance of the tool centre point from the flange along its z axis, m (gripper: 0.172).
    """
    return XARM7.pose(_floats(angles), tool)


def link_positions(angles: Sequence[float] | FloatArray) -> FloatArray:
    """(7, 3) origins of the xArm7's link frames in the base frame, m; the last one is the flange."""
    return np.array(XARM7.frames(_floats(angles))[0])


def _floats(angles: Sequence[float] | FloatArray) -> list[float]:
    values: list[float] = np.asarray(angles, dtype=np.float64).tolist()
    return values
