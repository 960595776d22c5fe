"""Random masking: which patches the encoder sees."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Masking:
    """`shuffle` (B, N): patch indices, the kept ones first; `kept`: how many of them the encoder sees."""

    shuffle: Tensor
    kept: int

    @property
    def visible(self) -> Tensor:
        """Indices of the kept patches ``(B, kept)``."""
        return self.shuffle[:, : self.kept]

    @property
    def removed(self) -> Tensor:
        """Indices of the removed patches ``(B, N - kept)``."""
        return self.shuffle[:, self.kept :]

    @property
    def restore(self) -> Tensor:
        """Inverse permutation ``(B, N)``: ``gather(gather(x, shuffle), restore) == x``."""
        return torch.argsort(self.shuffle, dim=1)

    @property
    def mask(self) -> Tensor:
        """``(B, N)`` float, 1 where a patch was removed."""
        mask = torch.zeros(self.shuffle.shape, dtype=torch.float32, device=self.shuffle.device)
        return mask.scatter(1, self.removed, 1.0)


def kept_patches(count: int, ratio: float) -> int:
    """``int(count * (1 - ratio))``: 49 of 196, 64 of 256, 36 of 144 at the ratio 0.75."""
    kept = int(count * (1.0 - ratio))
    if not 0 < kept < count:
        raise ValueError(
            f"mask ratio {ratio} keeps {kept} of {count} patches; at least one must be kept and one removed"
        )
    return kept


def random_masking(noise: Tensor, ratio: float) -> Masking:
    """Keep the patches with the smallest `noise` ``(B, N)`` uniform in [0, 1) (He 2022, reference code)."""
    return Masking(torch.argsort(noise, dim=1), kept_patches(noise.shape[1], ratio))


def gather_tokens(x: Tensor, index: Tensor) -> Tensor:
    """Rows `index` ``(B, K)`` of x ``(B, N, D)`` -> ``(B, K, D)``."""
    return torch.gather(x, 1, index.unsqueeze(-1).expand(-1, -1, x.shape[-1]))
