"""Where distractors stand: on the visible table, clear of the fruit, of the gripper's way down and of each
other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from mvp_real.sim.distractor import DISTRACTORS

# Free space around the fruit's centre, m: the open gripper reaches 62 mm from its axis.
CLEARANCE = 0.075
X_RANGE, Y_RANGE = (0.29, 0.56), (-0.16, 0.16)


@dataclass(frozen=True)
class Standing:
    """One distractor on the table: its name, position (m) and turn (rad)."""

    name: str
    x: float
    y: float
    yaw: float


def draw_clutter(
    generator: Generator,
    count: int,
    radii: dict[str, float],
    keep_clear: list[tuple[float, float, float]],
    x_range: tuple[float, float] = X_RANGE,
    y_range: tuple[float, float] = Y_RANGE,
) -> list[Standing]:
    """Draw up to `count` distractors; one that finds no room after 40 tries is left out.

    Args:
        generator: Source of randomness.
        count: Wanted number.
        radii: Radius on the table of each kind in its present size, m.
        keep_clear: (x, y, radius) circles that stay free, m.
        x_range, y_range: Where centres may lie, m.
    """
    taken = list(keep_clear)
    standing: list[Standing] = []
    names = generator.permutation(list(DISTRACTORS))[:count]
    for name in names:
        for _ in range(40):
            x, y = generator.uniform(*x_range), generator.uniform(*y_range)
            if all(np.hypot(x - a, y - b) >= r + radii[str(name)] for a, b, r in taken):
                taken.append((x, y, radii[str(name)] + 0.005))
                standing.append(
                    Standing(str(name), float(x), float(y), float(generator.uniform(-np.pi, np.pi)))
                )
                break
    return standing
