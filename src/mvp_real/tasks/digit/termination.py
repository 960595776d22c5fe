"""When a robot has fallen (Xiao 2023, eq. 6.16: self-collision or base collision), and why."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mvp_real.messages import FloatArray
from mvp_real.robots.digit import load_digit

Mask = NDArray[np.bool_]
REASONS = ("height", "tilt", "collision", "diverged")


@dataclass(frozen=True)
class Termination:
    """Limits of a fall. None takes the robot's own (`config/robots/digit.yaml`).

    Attributes:
        height: Height of the base above the ground, m.
        tilt: Norm of the projected gravity's horizontal part.
        collision: Whether contact of the torso with anything and of one leg with the other end the episode.
    """

    height: float | None = None
    tilt: float | None = None
    collision: bool = True

    def reasons(self, height: FloatArray, gravity: FloatArray, collision: Mask, diverged: Mask) -> Mask:
        """(N, 4) which of `REASONS` hold, from the height (N,), the projected gravity (N, 3) and two masks (N,)."""
        table = load_digit()
        lowest = table.fall_height if self.height is None else self.height
        steepest = table.fall_tilt if self.tilt is None else self.tilt
        tilt = np.hypot(gravity[:, 0], gravity[:, 1])
        # Not below rather than less than: a number that is not finite counts as a fall.
        fallen = ~(height >= lowest)
        tilted = ~((tilt <= steepest) & (gravity[:, 2] < 0.0))
        return np.stack([fallen, tilted, collision & self.collision, diverged], axis=1)
