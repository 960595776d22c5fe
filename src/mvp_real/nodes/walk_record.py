"""What a walk amounted to: distance, speeds against commands, how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mvp_real.messages import FloatArray
from mvp_real.nodes.walk_tour import Tour

SETTLING = 1.5  # s of each stretch that do not count for its mean: the command is slewed and the gait follows
GAIT = 0.8  # s; distances are measured over whole gait cycles, so that swaying is no distance
AXES = ("forward", "sideways", "turn")
UNITS = ("m/s", "m/s", "rad/s")


@dataclass(frozen=True, eq=False)
class Moment:
    """One sample of a walk.

    Attributes:
        seconds: Since the start of the tour.
        stretch: Index of the stretch of the tour; -1 on a free tour.
        place: (2,) of the base, m.
        velocity: (3,) forward and sideways in m/s, turn in rad/s, in the base frame.
        command: (3,) what was asked.
        tilt: Angle of the base against the vertical, rad.
    """

    seconds: float
    stretch: int
    place: FloatArray
    velocity: FloatArray
    command: FloatArray
    tilt: float


@dataclass(frozen=True)
class StretchResult:
    """Mean of one stretch: what was commanded and what came, per axis; None without samples after settling."""

    seconds: float
    command: tuple[float, ...]
    mean: tuple[float, ...] | None


@dataclass(frozen=True)
class WalkResult:
    """A walk in numbers.

    Attributes:
        tour: Its name.
        seconds: Walked.
        distance: Way of the base over the ground, m.
        falls: 1 if the robot fell.
        stop: Why the walk ended early; empty if it did not.
        largest_tilt: rad.
        stretches: The stretches that were begun.
    """

    tour: str
    seconds: float
    distance: float
    falls: int
    stop: str
    largest_tilt: float
    stretches: tuple[StretchResult, ...]

    def line(self) -> str:
        """The walk in one line: distance, mean speed against command, falls."""
        parts = [f"{self.tour}: {self.seconds:.1f} s, {self.distance:.2f} m"]
        for axis, (name, unit) in enumerate(zip(AXES, UNITS, strict=True)):
            pairs = [
                (s.command[axis], s.mean[axis], s.seconds)
                for s in self.stretches
                if s.mean is not None and s.command[axis] != 0.0
            ]
            if pairs:
                time = sum(seconds for _, _, seconds in pairs)
                wanted = sum(abs(command) * seconds for command, _, seconds in pairs) / time
                came = sum(np.sign(command) * mean * seconds for command, mean, seconds in pairs) / time
                parts.append(f"{name} {came:.2f} of {wanted:.2f} {unit}")
        parts.append(f"{self.falls} falls" if self.falls != 1 else "1 fall")
        return "; ".join(parts)

    def plain(self) -> dict[str, Any]:
        """For the results file."""
        return asdict(self)


def judge_walk(tour: Tour, moments: Sequence[Moment], fell: bool, stop: str) -> WalkResult:
    """The numbers of a walk.

    Args:
        tour: What was asked.
        moments: In order of time.
        fell: Whether the robot fell.
        stop: Why it ended early, or empty.
    """
    results = []
    for index in sorted({moment.stretch for moment in moments}):
        own = [moment for moment in moments if moment.stretch == index]
        settled = [m for m in own if m.seconds >= own[0].seconds + SETTLING]
        mean = tuple(np.mean([m.velocity for m in settled], axis=0).tolist()) if settled else None
        command = tour.stretches[index].command if index >= 0 else np.zeros(3)
        results.append(StretchResult(own[-1].seconds - own[0].seconds, tuple(command.tolist()), mean))
    return WalkResult(
        tour=tour.name,
        seconds=moments[-1].seconds if moments else 0.0,
        distance=_distance(moments),
        falls=int(fell),
        stop=stop,
        largest_tilt=max((moment.tilt for moment in moments), default=0.0),
        stretches=tuple(results),
    )


def _distance(moments: Sequence[Moment]) -> float:
    """Way over the ground, from place to place one gait cycle apart, m."""
    if not moments:
        return 0.0
    kept, due = [moments[0].place], moments[0].seconds + GAIT
    for moment in moments:
        if moment.seconds >= due - 1e-9:
            kept.append(moment.place)
            due += GAIT
    kept.append(moments[-1].place)
    return float(np.linalg.norm(np.diff(kept, axis=0), axis=1).sum())
