"""The way to the start pose as targets for the limiter: slow, straight in joint space."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray, JointTarget
from mvp_real.robots.limits import Limits
from mvp_real.robots.verdict import DriverState, Verdict

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


class WayHome:
    """Feeds the targets of `homing_targets` to a driver, one per control period."""

    def __init__(self) -> None:
        self._targets: Iterator[FloatArray] | None = None
        self._refused: FloatArray | None = None
        self._next = 0.0

    @property
    def under_way(self) -> bool:
        """Whether the robot is on its way."""
        return self._targets is not None

    def begin(self, start: FloatArray, limits: Limits, now: float) -> None:
        """Set out from the measured joints (8,); the first target is due at once."""
        self._targets, self._limits = homing_targets(start, limits), limits
        self._refused = None
        self._next = now

    def end(self) -> None:
        """No further target."""
        self._targets = None

    def feed(self, now: float, state: DriverState, send: Callable[[JointTarget], Verdict]) -> None:
        """Send the next target if one is due.

        The way ends behind the last target and where the robot neither runs nor holds. A target that was refused, say
        because a reading came late for once, is sent again: that is no reason to end half way.
        """
        if self._targets is None or now < self._next - 1e-9:
            return
        position = self._refused if self._refused is not None else next(self._targets, None)
        if position is None or state not in (DriverState.RUNNING, DriverState.HOLD):
            self.end()
            return
        period = self._limits.period
        late = now - self._next >= period
        self._next = (now if late else self._next) + period  # no two steps at once after a pause
        verdict = send(JointTarget(self._limits.table.joint_names, position, now, period))
        self._refused = position if verdict.position is None else None
