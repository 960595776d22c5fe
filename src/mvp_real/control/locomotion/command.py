"""The velocity command as the policy may see it: clipped, cut off, slew-limited, and zero when nobody speaks."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray

AXES = ("forward", "sideways", "turn")


@dataclass(frozen=True)
class CommandLimits:
    """Numbers of the command; forward and sideways in m/s, turn in rad/s (Xiao 2023, table 6.2).

    Attributes:
        lower, upper: Ranges of training; what is outside is clipped.
        cut_off: Absolute values below which a command is zero, as in training.
        slew: Largest change per second. It is also the rate at which an old command fades.
        age: s after which a command counts as old.
    """

    lower: tuple[float, float, float] = (-0.3, -0.3, -1.0)
    upper: tuple[float, float, float] = (1.0, 0.3, 1.0)
    cut_off: tuple[float, float, float] = (0.10, 0.10, 0.26)
    slew: tuple[float, float, float] = (0.5, 0.5, 1.0)
    age: float = 0.5

    def slower(self, speed: float) -> CommandLimits:
        """The same limits with at most `speed` m/s; the first steps on hardware are made at 0.15.

        Raises:
            MvpRealError: The speed is below the cut-off, so that nothing would move, or not a number.
        """
        if not speed >= self.cut_off[0]:
            raise MvpRealError(
                f"largest speed is {speed} m/s; needs at least the cut-off of {self.cut_off[0]} m/s"
            )
        lower = (max(self.lower[0], -speed), max(self.lower[1], -speed), self.lower[2])
        upper = (min(self.upper[0], speed), min(self.upper[1], speed), self.upper[2])
        return CommandLimits(lower, upper, self.cut_off, self.slew, self.age)


class VelocityCommand:
    """Takes commands as they come and says at each tick what the policy is told.

    Args:
        limits: The numbers.

    Attributes:
        refused: Commands that were not finite.
        clipped: Commands outside the ranges.
    """

    def __init__(self, limits: CommandLimits | None = None) -> None:
        self.limits = limits or CommandLimits()
        self.refused = 0
        self.clipped = 0
        self._wanted = np.zeros(3)
        self._heard_at = -math.inf
        self._value: FloatArray = np.zeros(
            3
        )  # before the cut-off: it must be able to pass through the dead band

    @property
    def current(self) -> FloatArray:
        """(3,) what the policy is told: inside the ranges, and zero or at least the cut-off."""
        value: FloatArray = self._value.copy()
        # A rounding error below the cut-off would turn 0.10 m/s into standing.
        value[np.abs(value) < np.array(self.limits.cut_off) - 1e-9] = 0.0
        return value

    def age(self, now: float) -> float:
        """Time since the last command, s; infinite before the first."""
        return now - self._heard_at

    def take(self, command: FloatArray, now: float) -> bool:
        """Take a command (3,); False if it is refused because it is not finite, as if it had not come."""
        wanted = np.asarray(command, dtype=np.float64)
        if wanted.shape != (3,) or not np.isfinite(wanted).all():
            self.refused += 1
            return False
        clipped = np.clip(wanted, self.limits.lower, self.limits.upper)
        self.clipped += bool((clipped != wanted).any())
        clipped[np.abs(clipped) < self.limits.cut_off] = 0.0
        self._wanted, self._heard_at = clipped, now
        return True

    def forget(self) -> None:
        """Stand still at once and wait for a new command; when the policy is engaged."""
        self._wanted, self._value, self._heard_at = np.zeros(3), np.zeros(3), -math.inf

    def advance(self, seconds: float, now: float) -> FloatArray:
        """Move towards what is wanted, or towards zero if that is old, and return `current`.

        Args:
            seconds: Time since the last tick, s.
            now: Time of this tick, s.
        """
        fresh = -math.inf < self._heard_at and now - self._heard_at <= self.limits.age
        wanted = self._wanted if fresh else np.zeros(3)
        step = np.array(self.limits.slew) * max(seconds, 0.0)
        self._value = self._value + np.clip(wanted - self._value, -step, step)
        return self.current
