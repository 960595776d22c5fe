"""The operator's hand as WebXR gives it: 25 joints, a frame of the palm, and the lengths of the fingers."""

from __future__ import annotations

from collections import deque

import numpy as np

from mvp_real.errors import unknown_name
from mvp_real.messages import FloatArray
from mvp_real.teleop.hand_sample import SIDES

WRIST = 0
# Joints from knuckle to tip; the robot's order of fingers. The thumb counts from its metacarpal, which turns as well.
CHAINS: dict[str, tuple[int, ...]] = {
    "index": (6, 7, 8, 9),
    "middle": (11, 12, 13, 14),
    "ring": (16, 17, 18, 19),
    "thumb": (1, 2, 3, 4),
}
TIP = {name: chain[-1] for name, chain in CHAINS.items()}
CALIBRATION_FRAMES = 90  # kept for the median of the lengths: a second or so
MINIMUM_FRAMES = 15


def palm_rotation(joints: FloatArray, side: str) -> FloatArray:
    """(3, 3) axes of the palm as columns: x out of the palm, y to the index (left: away from it), z to the fingers.

    These are the axes of a robot hand's wrist frame, which is mirrored for the left hand and stays right-handed.

    Raises:
        ValueError: The knuckles lie on a line, so the palm has no direction.
    """
    if side not in SIDES:
        raise unknown_name("side", side, SIDES)
    index, middle, ring = (joints[CHAINS[name][0]] for name in ("index", "middle", "ring"))
    along = (index + middle + ring) / 3.0 - joints[WRIST]
    across = index - ring if side == "right" else ring - index
    x = np.cross(across, along)
    length, z_length = float(np.linalg.norm(x)), float(np.linalg.norm(along))
    if length < 1e-5 or z_length < 1e-3:
        raise ValueError("the knuckles lie on a line with the wrist; this is no hand")
    x, z = x / length, along / z_length
    return np.stack([x, np.cross(z, x), z], axis=1)


class HandSize:
    """Lengths of the operator's fingers: medians, as they do not change with the posture.

    Attributes:
        frames: Number of frames taken.
    """

    def __init__(self) -> None:
        self._lengths: deque[list[float]] = deque(maxlen=CALIBRATION_FRAMES)
        self.frames = 0

    @property
    def known(self) -> bool:
        """Enough frames for a median."""
        return len(self._lengths) >= MINIMUM_FRAMES

    def feed(self, joints: FloatArray) -> None:
        """Take the joints (25, 3), m, of one frame."""
        self.frames += 1
        self._lengths.append([_length(joints[list(chain)]) for chain in CHAINS.values()])

    def lengths(self) -> FloatArray:
        """(4,) length of each finger of `CHAINS` from knuckle to tip, m."""
        return np.asarray(np.median(np.array(self._lengths), axis=0), dtype=np.float64)


def _length(points: FloatArray) -> float:
    return float(np.sum(np.linalg.norm(np.diff(points, axis=0), axis=1)))
