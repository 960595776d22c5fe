"""A small convolutional trunk that is trained from scratch on the demonstrations, as a baseline."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class ConvolutionalTrunk(nn.Module):
    """(B, 3, S, S) to tokens (B, 1 + (S/8)^2, D): four convolutions, the last map read as tokens.

    The class token is the mean of the map; the tokens lie in row order, so that every readout of a vision
    Transformer works on them.
    """

    def __init__(self, channels: tuple[int, int, int, int] = (16, 32, 64, 64)) -> None:
        super().__init__()
        first, second, third, fourth = channels
        self.first = nn.Conv2d(3, first, 5, stride=2, padding=2)
        self.second = nn.Conv2d(first, second, 3, stride=2, padding=1)
        self.third = nn.Conv2d(second, third, 3, stride=2, padding=1)
        self.fourth = nn.Conv2d(third, fourth, 3, padding=1)
        self.norms = nn.ModuleList(nn.GroupNorm(4, width) for width in channels)
        self.dim = fourth
        for layer in (self.first, self.second, self.third, self.fourth):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)

    def tokens(self, image_size: int) -> int:
        """Tokens for images of this side, the class token included."""
        return 1 + (image_size // 8) ** 2

    def forward(self, image: Tensor) -> Tensor:
        x = image
        for layer, norm in zip((self.first, self.second, self.third, self.fourth), self.norms, strict=True):
            x = functional.relu(norm(layer(x)))
        patches = x.flatten(2).transpose(1, 2)
        return torch.cat([patches.mean(dim=1, keepdim=True), patches], dim=1)
