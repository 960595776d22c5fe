"""Velocity commands (Xiao 2023, table 6.2): ranges, cut-offs and the time between two draws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray

COMMANDS = ("forward", "sideways", "turn")
Range = tuple[float, float]


@dataclass(frozen=True)
class CommandRanges:
    """What is commanded; forward and sideways in m/s, turn in rad/s.

    Attributes:
        forward, sideways, turn: Smallest and largest command, drawn uniformly and independently.
        cut_off: Absolute values below which the three commands become zero.
        interval: s between two draws in one episode.
        standing: Share of the draws in which all three are zero, besides the cut-offs; the thesis has none.
    """

    forward: Range = (-0.3, 1.0)
    sideways: Range = (-0.3, 0.3)
    turn: Range = (-1.0, 1.0)
    cut_off: tuple[float, float, float] = (0.10, 0.10, 0.26)
    interval: float = 10.0
    standing: float = 0.0

    def __post_init__(self) -> None:
        for name in COMMANDS:
            low, high = getattr(self, name)
            if not low <= high:
                raise MvpRealError(
                    f"commands: {name} is [{low}, {high}]; the first must not exceed the second"
                )
        if min(self.cut_off) < 0.0 or self.interval <= 0.0 or not 0.0 <= self.standing <= 1.0:
            raise MvpRealError(
                f"commands: cut_off {self.cut_off}, interval {self.interval}, standing {self.standing}; needs"
                " cut-offs of 0 or more, an interval above 0 and a share of 0 to 1"
            )


def draw_commands(random: Generator, count: int, ranges: CommandRanges) -> FloatArray:
    """(count, 3) commands; a value whose size is below its cut-off is zero."""
    low, high = np.array([getattr(ranges, name) for name in COMMANDS]).T
    commands = random.uniform(low, high, (count, 3))
    commands[np.abs(commands) < ranges.cut_off] = 0.0
    commands[random.random(count) < ranges.standing] = 0.0
    return commands
