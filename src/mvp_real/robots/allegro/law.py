"""The control law of the hand at servo rate: filtered PD, feed-forward of speed, bounded integral, torque limits.

Pure and without numpy: 16 joints in plain lists cost a fraction of the 3 ms period. The integral is not the
vendor's; it carries the fingers' weight and friction, which the vendor's soft gains would not, and is bounded so
low that it cannot squeeze harder than `integral_limit`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from mvp_real.robots.allegro.table import JOINTS, HandTable

Vector = list[float]


class JointLaw:
    """Torques for one hand.

    Args:
        table: Gains and limits.

    Attributes:
        position, velocity: (16,) low-passed measurements, rad and rad/s.
        torque: (16,) what was commanded last, Nm.
    """

    def __init__(self, table: HandTable) -> None:
        self._kp: Vector = table.kp.tolist()
        self._kd: Vector = table.kd.tolist()
        self._limit: Vector = table.torque_limit.tolist()
        self._feed_forward = table.feed_forward
        self._ki, self._integral_limit = table.ki, table.integral_limit
        self._rate = table.torque_rate
        self._time_constant = 1.0 / (2.0 * math.pi * table.filter_cutoff)
        self._decay = [limit / table.decay_time for limit in self._limit]
        self._raw: Vector = []
        self.position: Vector = [0.0] * JOINTS
        self.velocity: Vector = [0.0] * JOINTS
        self.torque: Vector = [0.0] * JOINTS
        self._integral: Vector = [0.0] * JOINTS

    def measure(self, angles: Sequence[float], dt: float) -> None:
        """Take new joint angles (16,), `dt` s after those before; the first ones start the filters."""
        if not self._raw:
            self._raw = list(angles)
            self.position = list(angles)
            self.velocity = [0.0] * JOINTS
            return
        share = dt / (dt + self._time_constant)
        raw, position, velocity = self._raw, self.position, self.velocity
        for k, q in enumerate(angles):
            velocity[k] += share * ((q - raw[k]) / dt - velocity[k])
            position[k] += share * (q - position[k])
            raw[k] = q

    def forget(self) -> None:
        """The next angles start the filters anew, and the integral is empty."""
        self._raw = []
        self._integral = [0.0] * JOINTS

    def control(self, set_point: Sequence[float], set_speed: Sequence[float], dt: float) -> Vector:
        """Torques (16,) towards a set-point (16,) rad that moves at `set_speed` rad/s."""
        step = self._rate * dt
        gain, bound = self._ki * dt, self._integral_limit
        forward = self._feed_forward
        torque, integral = self.torque, self._integral
        for k in range(JOINTS):
            error = set_point[k] - self.position[k]
            limit = self._limit[k]
            proportional = (
                self._kp[k] * error + self._kd[k] * (set_speed[k] - self.velocity[k]) + forward * set_speed[k]
            )
            # No winding up where the motor has no more to give.
            if -limit < proportional + integral[k] < limit or error * integral[k] < 0.0:
                integral[k] = min(max(integral[k] + gain * error, -bound), bound)
            wanted = min(max(proportional + integral[k], -limit), limit)
            last = torque[k]
            torque[k] = min(max(wanted, last - step), last + step)
        return torque

    def decay(self, dt: float) -> Vector:
        """Torques (16,) on the way to zero, which they reach within `decay_time`."""
        torque = self.torque
        for k, last in enumerate(torque):
            step = self._decay[k] * dt
            torque[k] = 0.0 if abs(last) <= step else last - math.copysign(step, last)
        self._integral = [0.0] * JOINTS
        return torque

    @property
    def still(self) -> bool:
        """No torque is commanded."""
        return not any(self.torque)
