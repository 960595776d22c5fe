"""Late samples (Xiao 2023, table 6.1): with probability p a sample is the one of the control period before.

The table says "B(p) x dt" with p between 0 and 0.2: p is drawn for an episode, and every step tosses its own coin.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mvp_real.messages import FloatArray


def toss_late(random: Generator, probability: FloatArray) -> NDArray[np.bool_]:
    """(N,) whether this step's sample is late, for probabilities (N,)."""
    return random.random(probability.shape) < probability


def deliver(late: NDArray[np.bool_], current: FloatArray, previous: FloatArray) -> FloatArray:
    """What arrives (N, ...): the sample of one period before where `late`."""
    return np.where(late.reshape(-1, *(1,) * (current.ndim - 1)), previous, current)
