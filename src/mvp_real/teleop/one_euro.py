"""A low-pass whose cut-off rises with speed: still where the hand is still, quick where it is quick."""

from __future__ import annotations

import math

import numpy as np

from mvp_real.messages import FloatArray


class OneEuroFilter:
    """Filter of a vector (Casiez, Roussel and Vogel, 1 Euro filter, CHI 2012). Times are handed in.

    Args:
        cutoff: Hz at rest.
        slope: Hz more per unit and second of speed.
        speed_cutoff: Hz, of the low-pass on the speed itself.
    """

    def __init__(self, cutoff: float, slope: float, speed_cutoff: float = 4.0) -> None:
        self._cutoff, self._slope, self._speed_cutoff = cutoff, slope, speed_cutoff
        self._value: FloatArray | None = None
        self._speed: FloatArray = np.zeros(0)
        self._at = 0.0

    def reset(self) -> None:
        """The next value is taken as it is."""
        self._value = None

    def feed(self, value: FloatArray, now: float) -> FloatArray:
        """The filtered value of now."""
        elapsed = now - self._at
        self._at = now
        if self._value is None or not 0.0 < elapsed < 0.5:
            self._value, self._speed = value.copy(), np.zeros_like(value)
            return self._value
        change = (value - self._value) / elapsed
        self._speed = self._speed + _share(self._speed_cutoff, elapsed) * (change - self._speed)
        cutoff = self._cutoff + self._slope * np.abs(self._speed)
        self._value = self._value + _share(cutoff, elapsed) * (value - self._value)
        return self._value


def _share(cutoff: FloatArray | float, elapsed: float) -> FloatArray:
    """Share of the new value in a first-order low-pass."""
    turn = 2.0 * math.pi * np.asarray(cutoff) * elapsed
    return np.asarray(turn / (turn + 1.0))
