"""What the limits allow, written down a second time and independently of the limiter, to judge its outputs.

The judge keeps its own record of what was executed when. It knows nothing of the limiter's inner state but
the verdicts.
"""

from __future__ import annotations

import numpy as np

from mvp_real.messages import FloatArray
from mvp_real.robots.limits import Limits
from mvp_real.robots.table import RobotTable
from mvp_real.robots.workspace import Workspace

ROUNDING = 1e-9
PAUSE = 1.5  # control periods without a step after which the arm counts as still


class Judge:
    """Checks each executed target (8,) against every limit; raises AssertionError."""

    def __init__(self, limits: Limits, table: RobotTable) -> None:
        self._limits = limits
        self._workspace = Workspace(table)
        self.toggled_at = -np.inf

    def start(self, measured: FloatArray, now: float) -> None:
        """The limiter was enabled at the measured joints (8,)."""
        self.last = np.clip(measured[:7], self._limits.lower, self._limits.upper)
        self.gripper = float(np.clip(measured[7], 0.0, 1.0))
        self.time = 0.0  # forward time since the start, s; time that runs backwards does not count
        self.way: list[tuple[float, float]] = [(0.0, 0.0)]
        self.speed = np.zeros(7)
        self.stepped_at = -self._limits.period
        self.clock = now

    def tick(self, now: float) -> None:
        """The clock reads `now`; must be told each time it is read."""
        if now < self.clock - 0.01:  # a jump: the arm is still, and nothing has been saved up
            self.speed = np.zeros(7)
            self.stepped_at = self.time
            self.toggled_at = min(self.toggled_at, now)
            self.clock = now
        elif now > self.clock:
            self.time += now - self.clock
            self.clock = now

    def executed(self, position: FloatArray) -> None:
        """An executed target (8,): inside every limit, seen from the one before."""
        limits = self._limits
        assert position.shape == (8,)
        assert np.all(np.isfinite(position))
        joints = position[:7]
        assert np.all(joints >= limits.lower - ROUNDING)
        assert np.all(joints <= limits.upper + ROUNDING)
        step = joints - self.last
        assert np.all(np.abs(step) <= limits.max_step + ROUNDING), "largest step per command"
        self._check_acceleration(step)
        self._check_way(step)
        bound = max(0.0, self._workspace.outside(self.last.tolist())) + ROUNDING
        assert self._workspace.outside(joints.tolist()) <= bound, "workspace at the target"
        middle = (self.last + 0.5 * step).tolist()
        assert self._workspace.outside(middle) <= bound, "workspace on the midpoint"
        self._check_gripper(float(position[7]))
        self.last = joints.copy()

    def _check_acceleration(self, step: FloatArray) -> None:
        limits = self._limits
        elapsed = self.time - self.stepped_at
        if elapsed < 1e-3 - ROUNDING:
            assert np.all(np.abs(step) <= ROUNDING), "no motion without time"
            return
        dt = min(elapsed, limits.period) + ROUNDING
        still = elapsed >= PAUSE * limits.period
        kept = np.zeros(7) if still else np.maximum(self.speed * np.sign(step), 0.0)
        largest = kept * dt + limits.acceleration * dt * dt
        assert np.all(np.abs(step) <= largest + ROUNDING), "growth of the speed"
        if elapsed >= 1e-3:
            self.speed, self.stepped_at = step / elapsed, self.time

    def _check_way(self, step: FloatArray) -> None:
        """No stretch of time holds more than the saved-up motion plus one step per period."""
        limits = self._limits
        self.way.append((self.time, self.way[-1][1] + float(np.max(np.abs(step) / limits.max_step))))
        end_time, end_way = self.way[-1]
        for start_time, start_way in self.way[:-1]:
            allowed = limits.burst + (end_time - start_time) / limits.period
            assert end_way - start_way <= allowed + 1e-6, "way in a stretch of time"

    def _check_gripper(self, gripper: float) -> None:
        assert 0.0 <= gripper <= 1.0
        if (gripper > 0.5) != (self.gripper > 0.5):
            assert self.clock - self.toggled_at >= self._limits.gripper_interval - ROUNDING, "gripper"
            self.toggled_at = self.clock
        self.gripper = gripper
