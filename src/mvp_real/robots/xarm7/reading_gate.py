"""Lets through only joint reports that the arm can have sent: finite, in range, and near the one before.

A corrupted report looks like any other to the vendor's client. What is refused here leaves the last good
reading to grow old, which the limiter answers with HOLD and then STOP. A pose that keeps coming is believed:
somebody has carried the arm while it was free.
"""

from __future__ import annotations

import numpy as np

from mvp_real.messages import FloatArray
from mvp_real.robots.table import RobotTable

RANGE_TOLERANCE = 0.1  # rad beyond the device's range that an arm at its end stop may show
JITTER = 0.02  # s that reports may be closer in their arrival than in their making
NOISE = 0.01  # rad
BELIEVED = 5  # reports in a row


class ReadingGate:
    """Judges the reports of one arm; times are handed in."""

    def __init__(self, table: RobotTable) -> None:
        self._lower = table.lower[:-1] - RANGE_TOLERANCE
        self._upper = table.upper[:-1] + RANGE_TOLERANCE
        self._speed = table.velocity_limit
        self._names = table.joint_names
        self._good: tuple[FloatArray, float] | None = None
        self._candidate: tuple[FloatArray, float] | None = None
        self._streak = 0
        self.refused = 0

    def check(self, joints: FloatArray, now: float) -> str:
        """Why a report (7,) in rad must not be used; empty if it may."""
        fault = self._fault(joints, now)
        self.refused += bool(fault)
        return fault

    def _fault(self, joints: FloatArray, now: float) -> str:
        if joints.shape != self._lower.shape or not np.all(np.isfinite(joints)):
            return f"report is not finite: {joints.tolist()}"
        outside = (joints < self._lower) | (joints > self._upper)
        if np.any(outside):
            k = int(np.argmax(outside))
            return f"report says {self._names[k]} is at {joints[k]:.3f} rad, where it cannot be"
        if self._good is None or self._near(self._good, joints, now):
            self._good, self._candidate, self._streak = (joints, now), None, 0
            return ""
        if self._candidate is not None and self._near(self._candidate, joints, now):
            self._streak += 1
        else:
            self._streak = 1
        self._candidate = (joints, now)
        if self._streak >= BELIEVED:
            self._good, self._candidate, self._streak = (joints, now), None, 0
            return ""
        jump = np.abs(joints - self._good[0])
        k = int(np.argmax(jump))
        return f"report says {self._names[k]} jumped by {jump[k]:.3f} rad"

    def _near(self, before: tuple[FloatArray, float], joints: FloatArray, now: float) -> bool:
        position, at = before
        reach = self._speed * (max(now - at, 0.0) + JITTER) + NOISE
        return bool(np.all(np.abs(joints - position) <= reach))
