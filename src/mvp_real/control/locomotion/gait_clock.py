"""The clock of the gait, part of what the policy sees: it runs with the ticks, not with the wall clock."""

from __future__ import annotations

import numpy as np

from mvp_real.messages import FloatArray

GAIT_PERIOD = 0.8  # s for one step of each foot; not given in the thesis


class GaitClock:
    """Common phase of both legs in [0, 1); the left foot stands in the first half.

    Args:
        period: s for one step of each foot.
    """

    def __init__(self, period: float = GAIT_PERIOD) -> None:
        self.period = period
        self.phase = 0.0

    def restart(self) -> None:
        """Begin with the left foot's stance."""
        self.phase = 0.0

    def advance(self, seconds: float) -> None:
        """Move the phase by the time between two ticks; a skipped tick counts, so that the gait stays in time."""
        self.phase = (self.phase + seconds / self.period) % 1.0

    def observation(self) -> FloatArray:
        """(2,) sine and cosine of the phase, as in training (`tasks.digit.gait.clock`)."""
        angle = 2.0 * np.pi * self.phase
        return np.array([np.sin(angle), np.cos(angle)])
