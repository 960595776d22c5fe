"""From the frames of headsets to the operator's frame of REP-103 (x forward, y left, z up).

WebXR and OpenVR agree: x right, y up, z backward, metres; the origin lies on the floor.
"""

from __future__ import annotations

import numpy as np

from mvp_real.messages import FloatArray

# Rows: the operator's axes in the headset's frame.
HEADSET_TO_OPERATOR = np.array([[0.0, 0.0, -1.0], [-1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


def positions_from_headset(positions: FloatArray) -> FloatArray:
    """(..., 3) positions in the operator's frame, m."""
    moved: FloatArray = np.stack([-positions[..., 2], -positions[..., 0], positions[..., 1]], axis=-1)
    return moved


def quaternion_from_headset(quaternion: FloatArray) -> FloatArray:
    """(4,) w, x, y, z: the same turn, described in the operator's frame.

    A device that is not turned in the headset's frame is not turned in the operator's either, so the axis of the turn
    is moved like a position.
    """
    w, x, y, z = quaternion
    return np.array([w, -z, -x, y])
