"""A human hand from a few lengths and angles, in WebXR's joints."""

from __future__ import annotations

import numpy as np

from mvp_real.geometry import rotation_z

SEGMENTS = {"index": (0.045, 0.025, 0.022), "middle": (0.05, 0.028, 0.023), "ring": (0.046, 0.027, 0.023)}
ACROSS = {"index": 0.024, "middle": 0.002, "ring": -0.019, "pinky": -0.038}
FIRST = {"index": 5, "middle": 10, "ring": 15, "pinky": 20}


def synthetic_hand(
    flexion: float = 0.0, thumb_to: str = "", size: float = 1.0, side: str = "right", turn: float = 0.0
) -> np.ndarray:
    """(25, 3) joints: x out of the palm, y to the index, z to the fingers, then turned about z.

    Args:
        flexion: Of each of a finger's three joints, rad.
        thumb_to: Finger whose tip the thumb touches, instead of lying beside the palm.
        size: Factor on all lengths.
        side: The left hand is the mirror image.
        turn: Of the whole hand about its long axis, rad.
    """
    joints = np.zeros((25, 3))
    for name, first in FIRST.items():
        knuckle = np.array([0.0, ACROSS[name], 0.095])
        joints[first] = 0.3 * knuckle
        joints[first + 1] = knuckle
        bend = 0.0
        for k, length in enumerate(SEGMENTS.get(name, (0.036, 0.02, 0.018))):
            bend += flexion
            step = length * np.array([np.sin(bend), 0.0, np.cos(bend)])
            joints[first + 2 + k] = joints[first + 1 + k] + step
    joints[1] = (0.012, 0.025, 0.025)
    tip = np.array([0.02, 0.085, 0.09])
    if thumb_to:
        tip = joints[FIRST[thumb_to] + 4] + np.array([0.008, 0.006, 0.0])
    # Two equal bones after the metacarpal's, bent outwards so far that the lengths are the same in every posture.
    way = tip - joints[1]
    distance = np.linalg.norm(way)
    bow = np.sqrt(max(0.0, (0.11 / 2) ** 2 - (distance / 2) ** 2)) * np.array([0.0, 0.8, 0.6])
    joints[2], joints[3], joints[4] = joints[1] + way / 3 + bow, joints[1] + 2 * way / 3 + bow, tip
    joints *= size
    if side == "left":
        joints[:, 1] *= -1.0
    return joints @ rotation_z(turn).T
