"""Set-points at servo rate between the targets of a slow policy.

Each target starts a quintic from the present set-point, speed and acceleration to rest at the target
(minimum jerk when it starts from rest), the same time for all joints, so that the path is straight in joint
space. Speed and acceleration are continuous across targets.

The time is `reach_fraction` of the control period, longer when the speed or acceleration limit asks for it.
With 0.7 the arm is still when the next image is taken, as in the demonstrations; above about 1.2 the next
target arrives while the arm moves, so that a steady stream gives steady motion instead of a stop at every
target, at the price of lag.
"""

from __future__ import annotations

import numpy as np

from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray
from mvp_real.robots.joint_table import JointTable

# Trying longer times: each attempt is this much longer, up to about five times the asked-for one.
STRETCH = 1.1
ATTEMPTS = 18
_NO_START = "the interpolator has no start; call reset with the measured joints first"
_PHASES = np.linspace(0.05, 1.0, 20)[:, None]  # where limits are looked at; the start itself is given


class TargetInterpolator:
    """Trajectory of one arm. The gripper's target passes through at once; the gripper has its own speed.

    Args:
        table: Limits and size of the robot.
        reach_fraction: Share of the control period after which the target is reached; the table's own if
            None.
    """

    def __init__(self, table: JointTable, reach_fraction: float | None = None) -> None:
        fraction = table.reach_fraction if reach_fraction is None else reach_fraction
        if not 0.0 < fraction <= 3.0:
            raise MvpRealError(f"reach_fraction is {fraction}; needs a value above 0 and up to 3")
        self._fraction = fraction
        self._joints = table.arm_joints
        self._lower, self._upper = table.lower[: self._joints], table.upper[: self._joints]
        self._velocity_limit = table.velocity_limit
        self._acceleration_limit = table.acceleration_limit
        self._coefficients = np.zeros((6, self._joints))
        self._start = 0.0
        self._duration = 0.0
        self._target: FloatArray | None = None

    @property
    def target(self) -> FloatArray | None:
        """(8,) where the motion ends; None before `reset`."""
        return None if self._target is None else self._target.copy()

    def reset(self, position: FloatArray, now: float) -> None:
        """Rest at `position` (8,): after enabling, or after motion that was not commanded from here."""
        self._target = np.array(position, dtype=np.float64)
        self._coefficients = np.zeros((6, self._joints))
        self._coefficients[0] = self._target[: self._joints]
        self._start, self._duration = now, 0.0

    def set_target(self, position: FloatArray, duration: float, now: float) -> None:
        """Head for a new target.

        Args:
            position: (8,) target that the limiter let through.
            duration: Control period, s.
            now: Present time, s.

        Raises:
            MvpRealError: `reset` has not been called yet, or the duration is not positive.
        """
        if not duration > 0.0:
            raise MvpRealError(f"the duration of a target is {duration} s; needs a positive time")
        start = self._state(now)
        goal = np.array(position, dtype=np.float64)
        time = self._fraction * duration
        end = goal[: self._joints]
        best, least = (time, _quintic(*start, end, time)), np.inf
        for _ in range(ATTEMPTS):
            coefficients = _quintic(*start, end, time)
            excess = self._excess(coefficients, time)
            if excess < least:
                best, least = (time, coefficients), excess
            if excess <= 1.0:
                break
            time *= STRETCH
        self._duration, self._coefficients = best
        self._start, self._target = now, goal

    def brake(self, now: float) -> None:
        """Come to rest soon, on the way to the present target and never beyond it; the gripper stays."""
        position, velocity, acceleration = self._state(now)
        assert self._target is not None
        fastest = float(np.max(np.abs(velocity) / self._acceleration_limit))
        time = max(0.02, 2.0 * fastest)
        way = 0.5 * velocity * time
        left = self._target[: self._joints] - position
        way = np.where(way * left > 0.0, np.clip(way, -np.abs(left), np.abs(left)), 0.0)
        self._coefficients = _quintic(position, velocity, acceleration, position + way, time)
        self._start, self._duration = now, time
        self._target = np.concatenate([position + way, self._target[self._joints :]])

    def sample(self, now: float) -> FloatArray:
        """(8,) set-point at a time, inside the device's range."""
        if self._target is None:
            raise MvpRealError(_NO_START)
        point: FloatArray = self._target.copy()
        t = max(now - self._start, 0.0)
        if t < self._duration:
            c = self._coefficients
            position = c[0] + t * (c[1] + t * (c[2] + t * (c[3] + t * (c[4] + t * c[5]))))
            point[: self._joints] = np.minimum(np.maximum(position, self._lower), self._upper)
        return point

    @property
    def segment(self) -> tuple[FloatArray, float, float]:
        """The present motion for another process to follow: (6, n) coefficients over the time since the
        start, start, s, and duration, s, after which the robot rests."""
        return self._coefficients, self._start, self._duration

    def velocity(self, now: float) -> FloatArray:
        """(7,) speed of the set-point, rad/s."""
        return self._state(now)[1]

    def acceleration(self, now: float) -> FloatArray:
        """(7,) acceleration of the set-point, rad/s^2."""
        return self._state(now)[2]

    def _state(self, now: float) -> tuple[FloatArray, FloatArray, FloatArray]:
        if self._target is None:
            raise MvpRealError(_NO_START)
        t = now - self._start
        if t >= self._duration:
            return self._target[: self._joints].copy(), np.zeros(self._joints), np.zeros(self._joints)
        t = max(t, 0.0)  # a clock that went back must not run the motion backwards
        c = self._coefficients
        position = c[0] + t * (c[1] + t * (c[2] + t * (c[3] + t * (c[4] + t * c[5]))))
        velocity = c[1] + t * (2 * c[2] + t * (3 * c[3] + t * (4 * c[4] + t * 5 * c[5])))
        acceleration = 2 * c[2] + t * (6 * c[3] + t * (12 * c[4] + t * 20 * c[5]))
        return position, velocity, acceleration

    def _excess(self, c: FloatArray, time: float) -> float:
        """Largest share of the speed and acceleration limits that a motion uses; above 1 it breaks them."""
        t = _PHASES * time
        velocity = c[1] + t * (2 * c[2] + t * (3 * c[3] + t * (4 * c[4] + t * 5 * c[5])))
        acceleration = 2 * c[2] + t * (6 * c[3] + t * (12 * c[4] + t * 20 * c[5]))
        share = max(
            float(np.max(np.abs(velocity) / self._velocity_limit)),
            float(np.max(np.abs(acceleration) / self._acceleration_limit)),
        )
        return share


def _quintic(
    position: FloatArray, velocity: FloatArray, acceleration: FloatArray, goal: FloatArray, time: float
) -> FloatArray:
    """(6, n) coefficients of the quintic from a moving state to rest at the goal (Flash and Hogan 1985)."""
    h = goal - position
    vt, att = velocity * time, acceleration * time * time
    return np.stack(
        [
            position,
            velocity,
            0.5 * acceleration,
            (20.0 * h - 12.0 * vt - 3.0 * att) / (2.0 * time**3),
            (-30.0 * h + 16.0 * vt + 3.0 * att) / (2.0 * time**4),
            (12.0 * h - 6.0 * vt - att) / (2.0 * time**5),
        ]
    )
