"""Recovery after a motor has become weak (evaluation protocol F5): tracking error and tilt in bins of 0.5 s.

A robot has recovered at the start of the first bin after the drop from which on both stay within 10 % above their
mean before the drop for 2 s. Single bins of a single robot scatter by more than that, whatever happens; the mean over
the robots of a row scatters less. Both are given, and a row without a drop shows what the measure does on its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mvp_real.evaluation.locomotion.trajectory import Trajectory
from mvp_real.messages import FloatArray

BIN = 0.5  # s
MARGIN = 1.1  # times the mean before the drop
STAY = 2.0  # s


@dataclass(frozen=True, eq=False)
class RecoveryCurve:
    """Error and tilt in bins, of one robot or a mean over robots.

    Attributes:
        times: (B,) start of each bin, s after the drop; those before it are negative.
        error: (B,) mean of |velocity - command| in the plane, m/s.
        tilt: (B,) mean of the squared horizontal part of the projected gravity ("tilt energy").
        error_before, tilt_before: Their means before the drop.
        seconds: Time until recovery, s; infinite without one.
    """

    times: FloatArray
    error: FloatArray
    tilt: FloatArray
    error_before: float
    tilt_before: float
    seconds: float


def recovery(trajectory: Trajectory, time: float, robot: int | None = None) -> RecoveryCurve | None:
    """The curve of one robot, or the mean over all robots that are still on their feet, per bin.

    Args:
        trajectory: What they did.
        time: When the motor became weak, s.
        robot: Which robot, or None for the mean.

    Returns:
        None where a robot fell before the drop, or no robot reached it.
    """
    width = round(BIN / trajectory.period)
    error = np.linalg.norm(trajectory.velocity - trajectory.command[..., :2], axis=-1)
    tilt = np.square(trajectory.gravity[..., :2]).sum(axis=-1)
    alive = np.arange(len(error))[:, None] < trajectory.steps
    chosen = slice(None) if robot is None else slice(robot, robot + 1)
    alive = alive[:, chosen]
    drop = round(time / trajectory.period)
    if drop >= len(alive) or not alive[drop].any():
        return None
    if robot is None:
        chosen_alive = alive[:, alive[drop]]
        error, tilt, alive = error[:, alive[drop]], tilt[:, alive[drop]], chosen_alive
    else:
        error, tilt = error[:, chosen], tilt[:, chosen]
    before = round((drop - round(trajectory.settling / trajectory.period)) // width)
    after = (len(error) - drop) // width
    starts = drop + width * np.arange(-before, after)
    binned = np.array([_bin(values, alive, starts, width) for values in (error, tilt)])
    means = binned[:, :before].mean(axis=1)
    times = (starts - drop) * trajectory.period
    seconds = _recovered(binned[:, before:] <= MARGIN * means[:, None], round(STAY / BIN))
    return RecoveryCurve(times, binned[0], binned[1], float(means[0]), float(means[1]), seconds)


def _bin(values: FloatArray, alive: FloatArray, starts: FloatArray, width: int) -> list[float]:
    """Mean over the bin and the robots alive throughout it; infinite when nobody is left."""
    found = []
    for start in starts:
        inside = slice(int(start), int(start) + width)
        living = alive[inside].all(axis=0)
        found.append(float(values[inside][:, living].mean()) if living.any() else math.inf)
    return found


def _recovered(within: FloatArray, needed: int) -> float:
    """Start of the first run of `needed` bins in which all rows of (2, B) are within; infinite without one."""
    good = np.asarray(within).all(axis=0)
    for first in range(len(good) - needed + 1):
        if good[first : first + needed].all():
            return first * BIN
    return math.inf
