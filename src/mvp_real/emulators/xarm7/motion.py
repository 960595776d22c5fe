"""How the controller box turns commands into set-points of the joints, every 4 ms.

* Servo motion (mode 1) heads for the newest point at full speed and plans nothing.
* A joint move (mode 0 queues them, mode 6 replaces them) keeps a speed and an acceleration.
* Joint velocity (mode 4) follows a speed, within the largest acceleration, until its duration is over.
* Halting brakes every joint as hard as is allowed.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import inf, pi

import numpy as np

from mvp_real.messages import FloatArray

TICK = 0.004  # s
LARGEST_SPEED = pi  # rad/s
LARGEST_ACCELERATION = 20.0  # rad/s^2
LARGEST_QUEUE = 512
ARRIVED = 1e-5  # rad


@dataclass(frozen=True, eq=False)
class JointMove:
    """One planned move: target (7,) rad, speed rad/s, acceleration rad/s^2."""

    target: FloatArray
    speed: float
    acceleration: float


class Motion:
    """Set-point of the seven joints.

    Args:
        position: (7,) where the arm stands, rad.

    Attributes:
        position: (7,) present set-point, rad.
        velocity: (7,) its speed, rad/s.
    """

    def __init__(self, position: FloatArray) -> None:
        self.rest_at(position)

    @property
    def queued(self) -> int:
        """Number of moves that have not ended."""
        return len(self._moves)

    @property
    def moving(self) -> bool:
        """Whether the set-point moves or is about to."""
        return bool(self._moves) or bool(np.any(np.abs(self.velocity) > 1e-4))

    def rest_at(self, position: FloatArray) -> None:
        """Forget everything and stand here."""
        self.position: FloatArray = np.array(position, dtype=np.float64)
        self.velocity: FloatArray = np.zeros(len(self.position))
        self._moves: deque[JointMove] = deque()
        self._servo: FloatArray | None = None
        self._wanted: FloatArray | None = None
        self._left = inf

    def servo(self, point: FloatArray) -> None:
        """Head for a point at once."""
        self._drop()
        self._servo = np.array(point)

    def move(self, move: JointMove, replace: bool) -> bool:
        """Queue a move, or let it replace all others; False if the queue is full."""
        if replace:
            self._moves.clear()
        if len(self._moves) >= LARGEST_QUEUE:
            return False
        self._servo = self._wanted = None
        self._moves.append(move)
        return True

    def drive(self, velocity: FloatArray, duration: float) -> None:
        """Follow a joint velocity for `duration` s; for good if that is not positive."""
        self._drop()
        self._wanted = np.clip(velocity, -LARGEST_SPEED, LARGEST_SPEED)
        self._left = duration if duration > 0.0 else inf

    def halt(self) -> None:
        """Drop every target and brake."""
        self._drop()

    def advance(self, seconds: float = TICK) -> FloatArray:
        """Let time pass; the (7,) set-point at its end."""
        before = self.position
        if self._servo is not None:
            step = np.clip(self._servo - before, -LARGEST_SPEED * seconds, LARGEST_SPEED * seconds)
            self.position = before + step
            self.velocity = step / seconds
        elif self._moves:
            self._approach(self._moves[0], seconds)
        else:
            wanted = np.zeros_like(before)
            if self._wanted is not None:
                self._left -= seconds
                wanted = self._wanted
                if self._left <= 0.0:
                    self._wanted = None
            self._accelerate(wanted, LARGEST_ACCELERATION, seconds)
        return self.position

    def _approach(self, move: JointMove, seconds: float) -> None:
        way = move.target - self.position
        distance = np.abs(way)
        longest = float(np.max(distance))
        slow = float(np.max(np.abs(self.velocity))) <= move.acceleration * seconds
        if longest < ARRIVED and slow:
            self.position, self.velocity = move.target.copy(), np.zeros_like(way)
            self._moves.popleft()
            return
        # All joints arrive together: each gets the share of the speed that its share of the way asks for.
        share = distance / max(longest, 1e-12)
        # Half a step ahead, or the last step would overshoot what the brake can still do.
        brake = np.sqrt(2.0 * share * move.acceleration * distance)
        speed = np.minimum(np.minimum(share * move.speed, 0.9 * brake), distance / seconds)
        self._accelerate(np.sign(way) * speed, move.acceleration, seconds)

    def _accelerate(self, wanted: FloatArray, acceleration: float, seconds: float) -> None:
        change = np.clip(wanted - self.velocity, -acceleration * seconds, acceleration * seconds)
        self.velocity = self.velocity + change
        self.position = self.position + self.velocity * seconds

    def _drop(self) -> None:
        self._moves.clear()
        self._servo = self._wanted = None
