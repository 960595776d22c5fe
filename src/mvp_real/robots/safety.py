"""The one limiter: every command to an arm or a hand, from a policy, teleoperation or a replay, passes through it.

Checks run in the order of what is cheapest to trust: form, age, deadman, joint range, first command, step and
acceleration, workspace, tracking. A fault is answered by grade: REJECT (this command is not executed, state
HOLD until a good one comes), HOLD (keep the last target), STOP (latched, names its reason, only
`clear_fault` releases it).

What has to happen several times in a row is counted over ticks, see `streaks`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from math import inf, isfinite

import numpy as np

from mvp_real.messages import JointReading, JointTarget
from mvp_real.robots.input_checks import CLOCK_TOLERANCE, bad_reading, bad_target, out_of_range
from mvp_real.robots.joint_range import JointRange
from mvp_real.robots.joint_table import Anywhere, Region
from mvp_real.robots.limits import Limits
from mvp_real.robots.step_budget import StepBudget
from mvp_real.robots.streaks import Streaks
from mvp_real.robots.table import RobotTable
from mvp_real.robots.verdict import DriverState, Verdict
from mvp_real.robots.workspace import Workspace

__all__ = ["DriverState", "Limiter", "Limits", "Verdict"]

COUNTERS = (
    "commands", "accepted", "clamped", "clipped", "rejected", "holds", "stops", "gripper changes refused",
)  # fmt: skip
NEGLIGIBLE = 1e-6  # relative; a smaller scaling is rounding and no clamp


class Limiter:
    """Limits of one arm or hand, applied to one stream of commands. Pure: time and readings are handed in.

    Args:
        limits: The numbers.
        deadman: Called for each command; False means that the operator let go.
    """

    def __init__(self, limits: Limits, deadman: Callable[[], bool] | None = None) -> None:
        self.limits = limits
        self.counters: Counter[str] = Counter()
        self._deadman = deadman
        table = limits.table  # a hand has neither a workspace of its own nor a gripper
        self._workspace: Region = Workspace(table) if isinstance(table, RobotTable) else Anywhere()
        self._has_gripper = table.arm_joints < len(table.joint_names)
        self._names = limits.table.joint_names
        self._joints = limits.table.arm_joints
        self._budget = StepBudget(limits)
        self._streaks = Streaks(limits.period)
        self._range = JointRange(limits, self._streaks)
        self._state = DriverState.DISABLED
        self._reason = "not enabled yet"
        self._last_stop = ""
        self._target: list[float] = []  # last accepted joints
        self._outside = 0.0
        self._gripper = 0.0
        self._first = True
        self._largest_gap = 0.0
        self._now = self._heard_at = self._accepted_at = 0.0
        self._toggled_at = -inf
        self._reading_bad_since = inf

    @property
    def state(self) -> DriverState:
        """Current state."""
        return self._state

    @property
    def reason(self) -> str:
        """Why the limiter is not running; empty while it is."""
        return self._reason

    def enable(self, reading: JointReading, now: float) -> Verdict:
        """Start from the measured joints.

        Refused, with the reason in the verdict, while a stop is latched, without a fresh reading, or with a
        joint outside the device's range.
        """
        if self._state is DriverState.STOPPED:
            return self._answer()
        fault = bad_reading(reading, self.limits, now) or out_of_range(reading, self.limits)
        if fault:
            self._state, self._reason = DriverState.DISABLED, fault
            return self._answer()
        measured: list[float] = reading.position.tolist()
        self._target = self._range.nearest(measured[: self._joints])
        self._outside = self._workspace.outside(self._target)
        self._gripper = min(max(measured[-1], 0.0), 1.0)
        self._restart_clocks(now, allowance=1.0)
        self._first = True
        self._streaks.clear()
        self._state, self._reason = DriverState.RUNNING, ""
        return self._answer()

    def disable(self) -> None:
        """End motion without a fault. A latched stop stays."""
        if self._state is not DriverState.STOPPED:
            self._state, self._reason = DriverState.DISABLED, "disabled"

    def stop(self, reason: str) -> Verdict:
        """Stop and latch. The first reason is kept until the fault is cleared."""
        if self._state is not DriverState.STOPPED:
            self.counters["stops"] += 1
            self._state, self._reason, self._last_stop = DriverState.STOPPED, reason, reason
        return self._answer()

    def clear_fault(self, reading: JointReading, now: float) -> Verdict:
        """Release a latched stop, on an operator's request. The arm is disabled afterwards; `enable` it
        again.

        Refused, with the reason in the verdict, without a fresh reading of all joints.
        """
        if self._state is DriverState.STOPPED:
            self._now = now
            fault = bad_reading(reading, self.limits, now)
            if fault:
                return Verdict(None, self._state, False, f"{self._reason}; cannot be cleared: {fault}")
            self._state, self._reason = DriverState.DISABLED, "fault cleared; enable to go on"
        return self._answer()

    def command(self, target: JointTarget, reading: JointReading, now: float) -> Verdict:
        """Check one target and return what may be executed."""
        self.counters["commands"] += 1
        if self._state is DriverState.DISABLED or self._state is DriverState.STOPPED:
            return self._answer()
        if not self._now - CLOCK_TOLERANCE <= now < inf:
            return self._clock_jump(now)
        if now - self._heard_at > self.limits.heartbeat:
            self._first = True  # whoever speaks now has not spoken for long: it must know where the arm is
        now = self._now = max(self._now, now)  # a clock that runs back a little stands still
        self._heard_at = now
        fault = bad_target(target, self.limits, now) or bad_reading(reading, self.limits, now)
        if fault:
            return self._reject(fault)
        if self._deadman is not None and not self._deadman():
            return self._reject("deadman switch released")
        wanted: list[float] = target.position.tolist()
        measured: list[float] = reading.position.tolist()
        self._streaks.begin(now)

        stop = self._tracking_fault(measured)
        joints, clipped, pushed = self._range.clip(wanted[: self._joints])
        self.counters["clipped"] += clipped
        stop = stop or pushed
        if stop:
            return self.stop(stop)
        if self._first:
            for name, q, m in zip(self._names, joints, measured, strict=False):
                if abs(q - m) > self.limits.first_command_gap:
                    return self._reject(
                        f"first target of {name} is {q:.3f} rad, but the arm is at {m:.3f}; start there"
                    )
        reference = self._target
        step = [q - r for q, r in zip(joints, reference, strict=True)]
        scale = self._budget.scale(step, now)
        if scale < 1.0:
            step = [scale * d for d in step]
            joints = [r + d for r, d in zip(reference, step, strict=True)]
        scaled = scale < 1.0 - NEGLIGIBLE
        if scaled:
            self.counters["clamped"] += 1
        if self._streaks.count("clamped", scaled) > self.limits.clamped_ticks:
            return self.stop(f"more than {self.limits.clamped_ticks} clamped steps in a row")
        middle = [r + 0.5 * d for r, d in zip(reference, step, strict=True)]
        outside = self._workspace.outside(joints)
        # From a pose that is already outside (after a stop, by hand) only the way back is open.
        bound = max(0.0, self._outside)
        if outside > bound or self._workspace.outside(middle) > bound:
            broken = joints if outside > bound else middle
            return self._reject("workspace: " + self._workspace.describe(broken), start_anew=False)
        self._budget.spend(step, now)
        self._target, self._outside, self._accepted_at = joints, outside, now
        self._first = False
        if self._has_gripper:
            self._move_gripper(wanted[-1], now)
            joints = [*joints, self._gripper]
        self._state, self._reason = DriverState.RUNNING, ""
        self.counters["accepted"] += 1
        reason = "clamped to the largest step" if scaled else "clipped to the joint range" if clipped else ""
        return Verdict(np.array(joints), self._state, scaled or clipped, reason)

    def watch(self, reading: JointReading, now: float) -> Verdict:
        """Look after silence, age and tracking between commands; call it at servo rate."""
        if self._state is DriverState.DISABLED or self._state is DriverState.STOPPED:
            return self._answer()
        if not self._now - CLOCK_TOLERANCE <= now < inf:
            return self._clock_jump(now)
        now = self._now = max(self._now, now)  # a clock that runs back a little stands still
        limits = self.limits
        fault = bad_reading(reading, limits, now)
        if fault:
            # Counted from the first bad reading, not from its stamp: after a jump of the clock one stamp is
            # far off.
            self._reading_bad_since = min(self._reading_bad_since, now)
            if now - self._reading_bad_since > limits.reading_lost:
                return self.stop(f"joint state lost for {limits.reading_lost:.1f} s: {fault}")
            return self._hold(fault)
        self._reading_bad_since = inf
        if now - self._accepted_at >= limits.period and self._streaks.begin(now):
            stop = self._tracking_fault(reading.position.tolist())
            if stop:
                return self.stop(stop)
        if self._state is DriverState.RUNNING and now - self._heard_at > limits.heartbeat:
            return self._hold(f"no command for {limits.heartbeat:.1f} s")
        return self._answer()

    def diagnostics(self) -> dict[str, str]:
        """State, reasons and counters as text, for `/diagnostics`."""
        return {
            "state": self._state.value,
            "reason": self._reason,
            "last stop": self._last_stop,
            **{name: str(self.counters[name]) for name in COUNTERS},
            "largest tracking gap (rad)": f"{self._largest_gap:.4f}",
        }

    def _tracking_fault(self, measured: list[float]) -> str:
        gaps = [abs(q - m) for q, m in zip(self._target, measured, strict=False)]
        gap = max(gaps)
        self._largest_gap = max(self._largest_gap, gap)
        if self._streaks.count("tracking", gap > self.limits.tracking_gap) >= self.limits.gap_ticks:
            return f"{self._names[gaps.index(gap)]} is {gap:.3f} rad from its target: blocked or lagging"
        return ""

    def _move_gripper(self, wanted: float, now: float) -> None:
        value = min(max(wanted, 0.0), 1.0)
        if (value > 0.5) == (self._gripper > 0.5):
            self._gripper = value
        elif now - self._toggled_at >= self.limits.gripper_interval:
            self._gripper, self._toggled_at = value, now
        else:
            self.counters["gripper changes refused"] += 1

    # The answers.

    def _answer(self) -> Verdict:
        return Verdict(None, self._state, False, self._reason)

    def _reject(self, reason: str, start_anew: bool = True) -> Verdict:
        self.counters["rejected"] += 1
        return self._hold(reason, start_anew)

    def _hold(self, reason: str, start_anew: bool = True) -> Verdict:
        if self._state is not DriverState.HOLD:
            self.counters["holds"] += 1
        # Whoever takes over must start from where the arm is. A target outside the workspace is no such break:
        # the same source goes on, and its next step is limited like any other.
        self._first = self._first or start_anew
        self._state, self._reason = DriverState.HOLD, reason
        return self._answer()

    def _clock_jump(self, now: float) -> Verdict:
        if not isfinite(now):
            return self._hold(f"the clock reads {now}")
        back = self._now - now
        # Time that ran backwards pays for no motion.
        self._restart_clocks(now, allowance=0.0)
        return self._hold(f"the clock jumped back by {back:.3f} s")

    def _restart_clocks(self, now: float, allowance: float) -> None:
        self._now = self._heard_at = self._accepted_at = now
        self._toggled_at = min(self._toggled_at, now)
        self._reading_bad_since = inf
        self._streaks.restart(now)
        self._budget.restart(now, allowance)
