"""Pushes: sudden changes of the base's velocity at random times. Ours; the thesis trains without."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray


@dataclass(frozen=True)
class Pushes:
    """How the robot is pushed.

    Attributes:
        speed: Largest horizontal change of velocity, m/s; its size is uniform from 0, its direction random.
        turn_speed: Largest change of each component of the angular velocity, rad/s.
        interval: Mean time between two pushes, s.
    """

    speed: float = 0.0
    turn_speed: float = 0.0
    interval: float = 3.0

    def __post_init__(self) -> None:
        if self.speed < 0.0 or self.turn_speed < 0.0 or self.interval <= 0.0:
            raise MvpRealError(
                f"pushes: speed {self.speed}, turn_speed {self.turn_speed}, interval {self.interval}; needs speeds of"
                " 0 or more and an interval above 0"
            )


def draw_pushes(
    random: Generator, pushes: Pushes, count: int, period: float
) -> tuple[NDArray[np.intp], FloatArray]:
    """Which of `count` robots are pushed in a control period of `period` s, and how.

    Returns:
        (n,) indices and (n, 6) changes: linear in the world frame, m/s, angular in the base frame, rad/s.
    """
    chosen = np.flatnonzero(random.random(count) < period / pushes.interval)
    if not pushes.speed and not pushes.turn_speed:
        chosen = chosen[:0]
    change = np.zeros((len(chosen), 6))
    size, angle = (
        random.uniform(0.0, pushes.speed, len(chosen)),
        random.uniform(0.0, 2.0 * np.pi, len(chosen)),
    )
    change[:, 0], change[:, 1] = size * np.cos(angle), size * np.sin(angle)
    change[:, 3:] = random.uniform(-pushes.turn_speed, pushes.turn_speed, (len(chosen), 3))
    return chosen, change
