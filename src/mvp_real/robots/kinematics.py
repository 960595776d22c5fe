"""Forward kinematics of the arm, fast enough to run twice inside every limiter command.

The chain is written out on plain floats: for seven links this is several times faster than numpy on 4 x 4
matrices, whose cost is the calls and not the arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians, sin

import numpy as np

from mvp_real.messages import FloatArray

Vector = tuple[float, float, float]
# Links that stand on the table and cannot reach it; from the next one on (the elbow) all are watched.
SHOULDER_LINKS = 2


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
            # Twist about x: y and z turn, for quarter turns by swapping places.
            if sa == 1.0:
                tx, ty, tz, zx, zy, zz = zx, zy, zz, -yx, -yy, -yz
            elif sa == -1.0:
                tx, ty, tz, zx, zy, zz = -zx, -zy, -zz, yx, yy, yz
            else:
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

    def tool_and_lowest(self, angles: Sequence[float], tool: float) -> tuple[Vector, float]:
        """Tool centre point and height of the lowest link from the elbow on, m: what the limiter asks for.

        Args:
            angles: One angle per joint, rad.
            tool: As in `pose`, m.
        """
        origins, (_, _, z) = self.frames(angles)
        x0, y0, z0 = origins[-1]
        point = (x0 + tool * z[0], y0 + tool * z[1], z0 + tool * z[2])
        return point, min(origin[2] for origin in origins[SHOULDER_LINKS:])

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


class XArm7Chain(SerialChain):
    """The xArm7's own chain written out, without the loop and without the axes that nothing asks for."""

    def tool_and_lowest(self, angles: Sequence[float], tool: float) -> tuple[Vector, float]:
        q1, q2, q3, q4, q5, q6, _ = angles  # the last joint turns the tool about itself
        c1, s1, c2, s2, c3, s3 = cos(q1), sin(q1), cos(q2), sin(q2), cos(q3), sin(q3)
        c4, s4, c5, s5, c6, s6 = cos(q4), sin(q4), cos(q5), sin(q5), cos(q6), sin(q6)
        ax, ay, az = c2 * c1, c2 * s1, -s2  # x axis of link 2, whose z axis is (-s1, c1, 0)
        zx, zy, zz = s2 * c1, s2 * s1, c2  # z axis of link 3
        xx, xy, xz = c3 * ax - s3 * s1, c3 * ay + s3 * c1, c3 * az
        yx, yy, yz = -c3 * s1 - s3 * ax, c3 * c1 - s3 * ay, -s3 * az
        px = _UPPER * zx + _ELBOW * xx
        py = _UPPER * zy + _ELBOW * xy
        elbow = _BASE + _UPPER * zz
        pz = elbow + _ELBOW * xz
        lowest = min(elbow, pz)
        # Links 4, 5 and 6: each twist is +90 degrees, so the old z becomes the turning partner of x.
        xx, xy, xz, yx, yy, yz, zx, zy, zz = (
            c4 * xx + s4 * zx, c4 * xy + s4 * zy, c4 * xz + s4 * zz,
            c4 * zx - s4 * xx, c4 * zy - s4 * xy, c4 * zz - s4 * xz,
            -yx, -yy, -yz,
        )  # fmt: skip
        px += _WRIST * xx - _FOREARM * yx
        py += _WRIST * xy - _FOREARM * yy
        pz += _WRIST * xz - _FOREARM * yz
        lowest = min(lowest, pz)
        xx, xy, xz, yx, yy, yz, zx, zy, zz = (
            c5 * xx + s5 * zx, c5 * xy + s5 * zy, c5 * xz + s5 * zz,
            c5 * zx - s5 * xx, c5 * zy - s5 * xy, c5 * zz - s5 * xz,
            -yx, -yy, -yz,
        )  # fmt: skip
        fx, fy, fz = c6 * zx - s6 * xx, c6 * zy - s6 * xy, c6 * zz - s6 * xz  # direction of the tool
        px += _OFFSET * (c6 * xx + s6 * zx) + _FLANGE * fx
        py += _OFFSET * (c6 * xy + s6 * zy) + _FLANGE * fy
        pz += _OFFSET * (c6 * xz + s6 * zz) + _FLANGE * fz
        return (px + tool * fx, py + tool * fy, pz + tool * fz), min(lowest, pz)


def _exact(value: float) -> float:
    return float(round(value)) if abs(value - round(value)) < 1e-12 else value


# Vendor's modified DH parameters of the xArm7; they give the flange at (0.206, 0, 0.1205) m for zero angles.
_BASE, _UPPER, _FOREARM, _FLANGE = 0.267, 0.293, 0.3425, 0.097
_ELBOW, _WRIST, _OFFSET = 0.0525, 0.0775, 0.076
XARM7 = XArm7Chain(
    [
        LinkGeometry(0.0, _BASE, 0.0),
        LinkGeometry(0.0, 0.0, radians(-90.0)),
        LinkGeometry(0.0, _UPPER, radians(90.0)),
        LinkGeometry(_ELBOW, 0.0, radians(90.0)),
        LinkGeometry(_WRIST, _FOREARM, radians(90.0)),
        LinkGeometry(0.0, 0.0, radians(90.0)),
        LinkGeometry(_OFFSET, _FLANGE, radians(-90.0)),
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
