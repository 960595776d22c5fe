"""Set-points at servo rate from the driver's motion, held inside the joints' range and speed.

The driver's limiter has judged the targets already; this is the last look before torque, in the process that gives
it, so that a motion that got damaged on the way cannot whip a finger.
"""

from __future__ import annotations

from collections.abc import Sequence

from mvp_real.robots.allegro.mailbox import Order
from mvp_real.robots.allegro.table import JOINTS, HandTable


class SetPoints:
    """Where the joints shall be now.

    Attributes:
        position, speed: (16,) rad and rad/s.
        way: Largest distance of a set-point from where it was at `begin_way`, rad.
    """

    def __init__(self, table: HandTable) -> None:
        self._lower: list[float] = table.range_lower.tolist()
        self._upper: list[float] = table.range_upper.tolist()
        self._fastest: list[float] = table.velocity_limit.tolist()
        self.position = [0.0] * JOINTS
        self.speed = [0.0] * JOINTS
        self.way = 0.0
        self._from = list(self.position)

    def start(self, angles: Sequence[float]) -> None:
        """Begin at the measured angles (16,)."""
        self.position = [
            min(max(q, low), high) for q, low, high in zip(angles, self._lower, self._upper, strict=True)
        ]
        self.begin_way()

    def begin_way(self) -> None:
        """Measure `way` from here."""
        self._from = list(self.position)
        self.way = 0.0

    def follow(self, order: Order, now: float, dt: float) -> None:
        """Move to where the motion of an order is at `now`, at the speed limit at most, for `dt` s."""
        t = now - order.start
        rests = t >= order.duration
        t = min(max(t, 0.0), order.duration)
        c = order.coefficients
        position, speed = self.position, self.speed
        for k in range(JOINTS):
            a1, a2, a3, a4, a5 = c[16 + k], c[32 + k], c[48 + k], c[64 + k], c[80 + k]
            wanted = c[k] + t * (a1 + t * (a2 + t * (a3 + t * (a4 + t * a5))))
            wanted = min(max(wanted, self._lower[k]), self._upper[k])
            fastest = self._fastest[k]
            step = fastest * dt
            last = position[k]
            position[k] = min(max(wanted, last - step), last + step)
            rate = 0.0 if rests else a1 + t * (2 * a2 + t * (3 * a3 + t * (4 * a4 + t * 5 * a5)))
            speed[k] = min(max(rate, -fastest), fastest)
            self.way = max(self.way, abs(position[k] - self._from[k]))
