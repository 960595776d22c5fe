"""Cuts streams that run at their own rates into the control steps that a policy is trained on."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mvp_real.messages import FloatArray

STAMP_TOLERANCE = 50_000_000
"""Largest skew between an image and the joint reading that belongs to it, ns."""


@dataclass(frozen=True)
class TargetStream:
    """Joint targets in the order of their stamps.

    Attributes:
        stamps: Stamp of each, ns.
        due: When each shall be reached, ns: stamp plus duration.
        positions: (n,) each, rad; the gripper 0 or 1.
    """

    stamps: list[int]
    due: list[int]
    positions: list[FloatArray]

    def due_by(self, time: int) -> FloatArray | None:
        """The newest target that shall be reached by `time`; None if none was given yet."""
        number = bisect_right(self.due, time)
        return self.positions[number - 1] if number else None


def nearest(stamps: Sequence[int], stamp: int, tolerance: int = STAMP_TOLERANCE) -> int | None:
    """Index of the stamp nearest to another one, None if it is farther than the tolerance.

    Args:
        stamps: Ascending, ns.
    """
    if not stamps:
        return None
    right = bisect_right(stamps, stamp)
    around = [i for i in (right - 1, right) if 0 <= i < len(stamps)]
    best = min(around, key=lambda i: abs(stamps[i] - stamp))
    return best if abs(stamps[best] - stamp) <= tolerance else None


def control_steps(images: Sequence[int], first: int, period: int) -> NDArray[np.intp]:
    """Indices of the images nearest to a grid of control ticks, each used once.

    Args:
        images: Stamps in ascending order, ns.
        first: Time from which on there are steps, ns; the grid begins at the first image from there.
        period: Control period, ns. A tick without an image within half of it has no step.
    """
    begin = bisect_right(images, first - 1)
    chosen: list[int] = []
    if begin == len(images):
        return np.array(chosen, dtype=np.intp)
    start = images[begin]
    ticks = (images[-1] - start) // period + 1
    for tick in range(ticks):
        index = nearest(images, start + tick * period, period // 2)
        if index is not None and (not chosen or index > chosen[-1]):
            chosen.append(index)
    return np.array(chosen, dtype=np.intp)
