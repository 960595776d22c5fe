"""The points that the box gets, one per tick, none of which asks for more than the limits.

In servo mode the box goes to the newest point as fast as it can. So what protects the arm is the distance of
each point from the one before: at most what joint speed and tool speed allow in the time between them. A late
tick does not make up for lost time with a leap; the trajectory waits instead.
"""

from __future__ import annotations

import numpy as np

from mvp_real.messages import FloatArray
from mvp_real.robots.interpolation import TargetInterpolator
from mvp_real.robots.table import RobotTable

TOOL_SPEED = 0.8  # m/s; the box itself stops at 1 m/s with error 60
LARGEST_GAP = 2.0  # periods that one tick may cover
ATTEMPTS = 5
TOLERANCE = 1.0 + 1e-6


class ServoStream:
    """Samples an interpolator at servo rate, on a time of its own.

    Args:
        table: Limits and geometry.
        period: Time between two ticks, s.

    Attributes:
        gripper: Opening fraction of the newest target; None before the first, so that what the fingers hold
            stays held.
        slowed: Ticks on which the trajectory had to wait.
        clamped: Points that were cut although the trajectory waited; stays 0.
    """

    def __init__(self, table: RobotTable, period: float) -> None:
        self._table, self._period = table, period
        self._interpolator = TargetInterpolator(table)
        self._time = 0.0  # of the trajectory
        self._ticked_at = 0.0
        self._point: FloatArray = table.home[:-1].copy()
        self._tool: FloatArray = np.zeros(3)
        self.gripper: float | None = None
        self.slowed = self.clamped = 0

    @property
    def resting(self) -> bool:
        """Whether the trajectory has come to its end."""
        target = self._interpolator.target
        return target is None or bool(np.all(np.abs(target[:-1] - self._point) < 1e-6))

    def start(self, position: FloatArray, now: float) -> None:
        """Stand at `position` (8,)."""
        self._interpolator.reset(position, self._time)
        self.gripper = None
        self._point = np.array(position[:-1], dtype=np.float64)
        self._tool = self._tool_at(self._point)
        self._ticked_at = now

    def set_target(self, position: FloatArray, duration: float) -> None:
        """Head for a target (8,) that the limiter let through, to be reached in `duration` s."""
        self._interpolator.set_target(position, duration, self._time)
        self.gripper = float(position[-1])

    def brake(self) -> None:
        """Come to rest soon, on the way and never beyond the target."""
        if self._interpolator.target is not None:
            self._interpolator.brake(self._time)

    def next(self, now: float) -> FloatArray:
        """(7,) point to send now, rad."""
        elapsed = min(max(now - self._ticked_at, 0.0), LARGEST_GAP * self._period)
        self._ticked_at = now
        advance = elapsed
        for _ in range(ATTEMPTS):
            point = self._interpolator.sample(self._time + advance)[:-1]
            share, tool = self._share(point, elapsed)
            if share <= TOLERANCE:
                break
            advance *= 0.95 / share
        if advance < elapsed:
            self.slowed += 1
        if share > TOLERANCE:
            self.clamped += 1
            point = self._point + (point - self._point) / share
            tool = self._tool_at(point)
        self._time += advance
        self._point, self._tool = point, tool
        return point

    def _share(self, point: FloatArray, elapsed: float) -> tuple[float, FloatArray]:
        """Largest share of the speed limits that a step uses, and where the tool then is."""
        if elapsed <= 0.0:
            moved = bool(np.any(point != self._point))
            return (np.inf if moved else 0.0), self._tool
        tool = self._tool_at(point)
        joints = float(np.max(np.abs(point - self._point) / self._table.velocity_limit)) / elapsed
        return max(joints, float(np.linalg.norm(tool - self._tool)) / (TOOL_SPEED * elapsed)), tool

    def _tool_at(self, joints: FloatArray) -> FloatArray:
        position: FloatArray = self._table.tool_pose(joints)[:3, 3]
        return position
