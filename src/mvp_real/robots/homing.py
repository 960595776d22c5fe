"""The way to the start pose as targets for the limiter: slow, straight in joint space."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray
from mvp_real.robots.limits import Limits

HOMING_SHARE = 0.5  # of the largest step, so that homing is slower than any policy may be


def homing_targets(start: FloatArray, limits: Limits, share: float = HOMING_SHARE) -> Iterator[FloatArray]:
    """Targets (8,) from `start` to the robot's home, one per control period; the last one is home itself.

    The gripper goes to its home value with the first target.

    Args:
        start: (8,) measured joints.
        limits: Limits that the targets will pass.
        share: Largest step in units of `limits.max_step`, above 0 and up to 1.

    Raises:
        MvpRealError: `share` is out of range.
    """
    if not 0.0 < share <= 1.0:
        raise MvpRealError(f"the homing share is {share}; needs a value above 0 and up to 1")
    home = limits.table.home
    joints = limits.table.arm_joints
    origin = np.clip(np.asarray(start, dtype=np.float64)[:joints], limits.lower, limits.upper)
    way = home[:joints] - origin
    steps = max(1, int(np.ceil(np.max(np.abs(way) / (share * limits.max_step)) - 1e-9)))
    for k in range(1, steps + 1):
        yield np.concatenate([origin + way * (k / steps), home[joints:]])
