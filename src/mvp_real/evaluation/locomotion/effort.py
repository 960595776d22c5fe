"""What the motors had to give, as shares of their limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mvp_real.evaluation.locomotion.trajectory import Trajectory
from mvp_real.robots.digit import load_digit

SATURATED = 0.999  # share of the torque limit from which a motor counts as saturated


@dataclass(frozen=True)
class Effort:
    """Effort of one robot from its start to its end.

    Attributes:
        torque: Largest torque over its limit, over all motors.
        torque_motor: The motor that gave it.
        torque_999: 99.9th percentile over time of the largest torque over its limit.
        saturated: Share of the steps in which some motor was at its torque limit.
        speed: Largest motor speed over its limit, over all motors.
        speed_motor: The motor that had it.
        speed_999: 99.9th percentile over time of the largest speed over its limit.
        peak_force: Largest force on a sole, N.
    """

    torque: float
    torque_motor: str
    torque_999: float
    saturated: float
    speed: float
    speed_motor: str
    speed_999: float
    peak_force: float


def effort(trajectory: Trajectory, robot: int) -> Effort | None:
    """Effort of one robot without the last half second before a fall; None if nothing is left.

    A falling robot flails: what its motors do then says nothing about walking.
    """
    table = load_digit()
    last = int(trajectory.steps[robot])
    if trajectory.fell[robot]:
        last -= round(0.5 / trajectory.period)
    if last < 1:
        return None
    torque = np.abs(trajectory.torque[:last, robot]) / table.torque_limit
    speed = np.abs(trajectory.motor_speed[:last, robot]) / table.speed_limit
    return Effort(
        float(torque.max()),
        table.motors[int(np.argmax(torque.max(axis=0)))],
        float(np.quantile(torque.max(axis=1), 0.999)),
        float(np.mean(torque.max(axis=1) >= SATURATED)),
        float(speed.max()),
        table.motors[int(np.argmax(speed.max(axis=0)))],
        float(np.quantile(speed.max(axis=1), 0.999)),
        float(trajectory.force[:last, robot].max()),
    )
