"""Learning rate by image samples: linear warm-up, half cosine to zero; stages can be appended."""

from __future__ import annotations

import math
from dataclasses import dataclass


def cosine_learning_rate(peak: float, progress: float, warmup: float) -> float:
    """MAE's schedule (He 2022): `progress` and `warmup` are shares of the whole, e.g. epoch / epochs.

    With a peak of 2.4e-3 and 40 warm-up epochs of 1600: epoch 20 -> 1.2e-3, epoch 1600 -> 0.
    """
    if progress < warmup:
        return peak * progress / warmup
    if warmup >= 1.0:
        return peak
    return peak * 0.5 * (1.0 + math.cos(math.pi * min(1.0, (progress - warmup) / (1.0 - warmup))))


@dataclass
class Schedule:
    """A stage of training: from sample `start` to sample `end`, warm-up over the first `warmup` samples.

    `decay` runs from 0 (end of the warm-up) to 1. It advances by the share that a batch takes of the samples
    that are still to come. With a fixed `end` this is exactly the cosine over samples; when the samples that
    are still to come are estimated from a deadline, the cosine still ends at zero, on time.
    """

    peak: float
    start: int
    end: int
    warmup: int
    decay: float = 0.0

    def rate(self, sample: int) -> float:
        """Learning rate of the batch that begins at `sample`."""
        if sample - self.start < self.warmup:
            return self.peak * (sample - self.start) / self.warmup
        return self.peak * 0.5 * (1.0 + math.cos(math.pi * min(1.0, self.decay)))

    def advance(self, sample: int, batch: int, reachable: float | None = None) -> None:
        """Account for the batch that began at `sample`.

        Args:
            reachable: how many more samples (this batch included) the deadline leaves time for, if there is
            one.
        """
        if sample - self.start < self.warmup:
            return
        remaining = float(self.end - sample)
        if reachable is not None:
            remaining = min(remaining, reachable)
        self.decay = min(1.0, self.decay + (1.0 - self.decay) * batch / max(remaining, batch))
