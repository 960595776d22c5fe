"""The box of joint targets: clips what is outside and says when a joint pushes against its limit for long."""

from __future__ import annotations

from mvp_real.robots.limits import Limits
from mvp_real.robots.streaks import Streaks


class JointRange:
    """Range of the joint targets of one arm."""

    def __init__(self, limits: Limits, streaks: Streaks) -> None:
        # Plain floats: numpy's cost per call would eat the limiter's 50 us.
        self._lower: list[float] = limits.lower.tolist()
        self._upper: list[float] = limits.upper.tolist()
        self._names = limits.table.joint_names[: limits.table.arm_joints]
        self._pushing_ticks = limits.pushing_ticks
        self._streaks = streaks

    def nearest(self, joints: list[float]) -> list[float]:
        """(7,) joint angles inside the range, rad."""
        return [min(max(q, low), high) for q, low, high in zip(joints, self._lower, self._upper, strict=True)]

    def clip(self, joints: list[float]) -> tuple[list[float], bool, str]:
        """Joints inside the range, whether any was outside, and why to stop if one pushes for too long.

        Args:
            joints: (7,) wanted joint angles, rad, finite.
        """
        if self._streaks.empty:
            for q, low, high in zip(joints, self._lower, self._upper, strict=True):
                if not low <= q <= high:
                    break
            else:
                return joints, False, ""
        pushed = ""
        for name, q, low, high in zip(self._names, joints, self._lower, self._upper, strict=True):
            for side, hit in (("lower", q < low), ("upper", q > high)):
                count = self._streaks.count(f"{name} {side}", hit)
                if count >= self._pushing_ticks:
                    pushed = f"{name} pushed against its {side} limit for {count} ticks"
        inside = self.nearest(joints)
        return inside, inside != joints, pushed
