"""How well velocities are kept: means over the steady part, because within a step every walker sways."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mvp_real.evaluation.locomotion.trajectory import Trajectory
from mvp_real.messages import FloatArray

SHORTEST = 2.0  # s of steady walking below which no mean is given


@dataclass(frozen=True)
class Tracking:
    """Velocities of one robot over its steady part.

    Attributes:
        forward, sideways: Mean velocity in the frame of the heading, m/s.
        turn: Mean turn rate, rad/s.
        speed_error: |mean velocity - command| in the plane, m/s.
        turn_error: |mean turn rate - command|, rad/s.
        speed_spread: Root mean square of the velocity averaged over a gait cycle, less the command, m/s.
    """

    forward: float
    sideways: float
    turn: float
    speed_error: float
    turn_error: float
    speed_spread: float


def tracking(trajectory: Trajectory, robot: int) -> Tracking | None:
    """Tracking of one robot, or None if it walked for less than `SHORTEST` after settling."""
    steady = trajectory.steady(robot)
    if (steady.stop - steady.start) * trajectory.period < SHORTEST - 1e-9:
        return None
    velocity = trajectory.velocity[steady, robot]
    turn = float(trajectory.turn[steady, robot].mean())
    forward, sideways = (float(value) for value in velocity.mean(axis=0))
    asked = trajectory.asked[robot]
    cycles = cycle_means(velocity, round(trajectory.cycle / trajectory.period)) - asked[:2]
    return Tracking(
        forward,
        sideways,
        turn,
        math.hypot(forward - asked[0], sideways - asked[1]),
        abs(turn - float(asked[2])),
        float(np.sqrt(np.square(cycles).sum(axis=1).mean())),
    )


def cycle_means(values: FloatArray, length: int) -> FloatArray:
    """(T - length + 1, ...) means of `length` consecutive rows of (T, ...)."""
    total = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])
    return (total[length:] - total[:-length]) / length
