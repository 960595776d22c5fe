"""Learning rate of behaviour cloning: linear warm-up, then half a cosine to zero, set before every iteration."""

from __future__ import annotations

import math


def learning_rate_factor(epoch: float, epochs: int, warmup_epochs: int) -> float:
    """Share of the base learning rate at a fractional epoch (released MVP code)."""
    if epoch < warmup_epochs:
        return epoch / warmup_epochs
    return 0.5 * (1.0 + math.cos(math.pi * (epoch - warmup_epochs) / (epochs - warmup_epochs)))
