"""Numbers that are not numbers: found at once, named, and written out for a look."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mvp_real.errors import MvpRealError


class NonFiniteError(MvpRealError):
    """A tensor of the training holds NaN or infinity.

    Attributes:
        batch: The tensors of the step, for `dump`.
    """

    def __init__(self, message: str, batch: Mapping[str, Tensor]) -> None:
        super().__init__(message)
        self.batch = dict(batch)


def require_finite(figures: Mapping[str, float], batch: Mapping[str, Tensor]) -> None:
    """Check the figures of a step; if one is not finite, name the first tensor of the batch that is not.

    Raises:
        NonFiniteError: With the batch.
    """
    wrong = [name for name, value in figures.items() if not math.isfinite(value)]
    if not wrong:
        return
    for name, tensor in batch.items():
        finite = torch.isfinite(tensor)
        if not finite.all():
            entry = tuple((~finite).nonzero()[0].tolist())
            raise NonFiniteError(
                f"'{name}' holds {float(tensor[entry])} at {entry}, so {wrong[0]} is not finite", batch
            )
    raise NonFiniteError(
        f"{wrong[0]} is {figures[wrong[0]]} though all inputs are finite; lower the learning rate", batch
    )


def dump(error: NonFiniteError, path: Path) -> Path:
    """Write the batch of an error as an npz file, one array a tensor."""
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = {name: tensor.detach().cpu().numpy() for name, tensor in error.batch.items()}
    np.savez(path, **arrays)
    return path
