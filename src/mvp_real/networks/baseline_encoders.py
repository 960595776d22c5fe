"""Encoders without learning, exported like the real one, so that every study row runs through the same nodes."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from mvp_real.networks.patches import patchify


class RawPixels(nn.Module):
    """The image averaged to 16 x 16 pixels: (B, 3, S, S) to one token (B, 1, 768)."""

    def __init__(self, side: int = 16) -> None:
        super().__init__()
        self.side = side

    def forward(self, image: Tensor) -> Tensor:
        cell = image.shape[-1] // self.side
        return functional.avg_pool2d(image, cell).flatten(1).unsqueeze(1)


class RawPatches(nn.Module):
    """The pixels of each patch as its token, after a class token of zeros: (B, 3, S, S) to (B, 1 + N, 3 P P)."""

    def __init__(self, patch: int = 8) -> None:
        super().__init__()
        self.patch = patch

    def forward(self, image: Tensor) -> Tensor:
        patches = patchify(image, self.patch)
        return torch.cat([torch.zeros_like(patches[:, :1]), patches], dim=1)


class Blank(nn.Module):
    """Sees nothing: one zero, (B, 1, 1). For the row "without image"."""

    def forward(self, image: Tensor) -> Tensor:
        return image[:, :1, :1, 0] * 0.0
