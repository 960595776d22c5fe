"""Recovery after a motor has become weak (evaluation protocol F5): tracking error and tilt in bins of 0.5 s.

A robot has recovered at the start of the first bin after the drop from which on both stay within 10 % above their
mean before the drop for 2 s. Single bins of a single robot scatter by more than that, whatever happens, so the rule is
applied to the mean over the robots of a row too; of a single robot the mean of the last 4 s is looked at as well
(`settled`). A row without a drop shows what both do on their own.

Half a second is no whole number of gait cycles, so error and tilt are averaged over the gait cycle before each moment
first; otherwise bins would beat against the gait, and with one clock for all robots the mean over them as well. Times
until recovery are up to a gait cycle longer for that.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mvp_real.evaluation.locomotion.trajectory import Trajectory
from mvp_real.messages import FloatArray

BIN = 0.5  # s
MARGIN = 1.1  # times the mean before the drop
STAY = 2.0  # s
LAST = 4.0  # s at the end whose mean says whether a robot has settled
# Times the mean before the drop. Of thirty sound robots of the validation block this ratio was 0.6 to 1.45, so that a
# tenth would fail half of them.
SETTLED = 1.5


@dataclass(frozen=True)
class Bins:
    """Tracking error and tilt of one robot in bins, up to its end.

    Attributes:
        before: Number of bins before the drop.
        planned: Number of bins that the row has.
        error: Mean of |velocity - command| in the plane, m/s.
        tilt: Mean of the squared horizontal part of the projected gravity ("tilt energy").
    """

    before: int
    planned: int
    error: tuple[float, ...]
    tilt: tuple[float, ...]

    @property
    def reached_the_drop(self) -> bool:
        """Whether the robot was on its feet when the motor became weak."""
        return len(self.error) >= self.before

    @property
    def settled(self) -> bool:
        """Whether it kept its feet, and error and tilt over the last 4 s are at most 1.5 times those before."""
        if len(self.error) < self.planned:
            return False
        last = round(LAST / BIN)
        return all(
            float(np.mean(values[-last:])) <= SETTLED * float(np.mean(values[: self.before]))
            for values in (self.error, self.tilt)
        )


@dataclass(frozen=True, eq=False)
class RecoveryCurve:
    """Error and tilt in bins, of one robot or a mean over robots; not finite where nobody is left.

    Attributes:
        times: (B,) start of each bin, s after the drop; those before it are negative.
        error, tilt: (B,) as in `Bins`.
        error_before, tilt_before: Their means before the drop.
        seconds: Time until recovery, s; infinite without one.
    """

    times: FloatArray
    error: FloatArray
    tilt: FloatArray
    error_before: float
    tilt_before: float
    seconds: float


def bins_of(trajectory: Trajectory, time: float, robot: int) -> Bins:
    """Bins of one robot around a drop at `time` s, from settling on; a bin that it does not survive is left out."""
    width = round(BIN / trajectory.period)
    drop = round(time / trajectory.period)
    before = (drop - round(trajectory.settling / trajectory.period)) // width
    first = drop - before * width
    planned = before + (len(trajectory.velocity) - drop) // width
    count = min(max((int(trajectory.steps[robot]) - first) // width, 0), planned)
    inside = slice(first, first + count * width)
    error = np.linalg.norm(trajectory.velocity[:, robot] - trajectory.command[:, robot, :2], axis=-1)
    tilt = np.square(trajectory.gravity[:, robot, :2]).sum(axis=-1)
    smooth = [
        _over_cycle(values, round(trajectory.cycle / trajectory.period))[inside] for values in (error, tilt)
    ]
    binned = [tuple(values.reshape(count, width).mean(axis=1).tolist()) for values in smooth]
    return Bins(before, planned, binned[0], binned[1])


def _over_cycle(values: FloatArray, length: int) -> FloatArray:
    """(T,) mean of each value and the `length` - 1 before it; of fewer at the start."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    last = np.arange(1, len(total))
    first = np.maximum(last - length, 0)
    return (total[last] - total[first]) / (last - first)


def recovery(robots: Sequence[Bins]) -> RecoveryCurve | None:
    """The curve of one robot, or the mean over several: in each bin over those still on their feet.

    Robots that fell before the drop are left out; None where nobody is left.
    """
    robots = [one for one in robots if one.reached_the_drop]
    if not robots:
        return None
    before, planned = robots[0].before, robots[0].planned
    means = [
        [
            float(np.mean(living))
            if (living := [getattr(one, name)[k] for one in robots if len(one.error) > k])
            else math.inf
            for k in range(planned)
        ]
        for name in ("error", "tilt")
    ]
    binned = np.array(means)
    normal = binned[:, :before].mean(axis=1)
    within = (binned[:, before:] <= MARGIN * normal[:, None]).all(axis=0)
    needed = round(STAY / BIN)
    seconds = next(
        (first * BIN for first in range(len(within) - needed + 1) if within[first : first + needed].all()),
        math.inf,
    )
    times = BIN * (np.arange(planned) - before)
    return RecoveryCurve(times, binned[0], binned[1], float(normal[0]), float(normal[1]), seconds)
