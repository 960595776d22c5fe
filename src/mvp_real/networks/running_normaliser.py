"""Running mean and spread of a vector; saved and exported with the network that it feeds."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class RunningNormaliser(nn.Module):
    """x (..., D) to (x - mean) / std, clipped.

    Statistics are kept in double precision and change only in `update`. Before the first update the map is the
    identity up to clipping.

    Args:
        size: D.
        clip: Largest absolute output; an entry that has hardly varied yet cannot blow up.
        floor: Smallest standard deviation divided by, so that a constant entry stays harmless.
    """

    def __init__(self, size: int, clip: float = 10.0, floor: float = 1e-2) -> None:
        super().__init__()
        self.clip, self.floor = clip, floor
        self.mean: Tensor
        self.variance: Tensor
        self.count: Tensor
        self.register_buffer("mean", torch.zeros(size, dtype=torch.float64))
        self.register_buffer("variance", torch.ones(size, dtype=torch.float64))
        self.register_buffer("count", torch.zeros((), dtype=torch.float64))

    @property
    def std(self) -> Tensor:
        """Standard deviation that is divided by, (D,), float64."""
        return self.variance.sqrt().clamp_min(self.floor)

    def forward(self, x: Tensor) -> Tensor:
        scaled = (x - self.mean.to(x.dtype)) * self.std.reciprocal().to(x.dtype)
        return scaled.clamp(-self.clip, self.clip)

    def inverse(self, x: Tensor) -> Tensor:
        """From normalised values back to plain ones; exact where nothing was clipped."""
        return x * self.std.to(x.dtype) + self.mean.to(x.dtype)

    @torch.no_grad()
    def update(self, x: Tensor) -> None:
        """Take the samples x (..., D) into the statistics."""
        self.merge(*moments(x))

    @torch.no_grad()
    def merge(self, count: Tensor, mean: Tensor, variance: Tensor) -> None:
        """Take in the count (), mean (D,) and biased variance (D,) of another set of samples (Chan 1979)."""
        both = self.count + count
        delta = mean - self.mean
        spread = self.variance * self.count + variance * count + delta.square() * self.count * count / both
        self.mean += delta * (count / both)
        self.variance.copy_(spread / both)
        self.count.copy_(both)


def moments(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Count (), mean (D,) and biased variance (D,) of samples x (..., D), float64.

    The sums are taken in the precision of x, six times faster than in double, but over differences to the mean, so that
    nothing is lost where a mean is large against the spread.
    """
    rows = x.reshape(-1, x.shape[-1])
    centre = rows.mean(dim=0)
    apart = rows - centre
    shift = apart.mean(dim=0).double()
    variance = apart.square().mean(dim=0).double() - shift.square()
    count = torch.tensor(float(len(rows)), dtype=torch.float64, device=rows.device)
    return count, centre.double() + shift, variance.clamp_min(0.0)
