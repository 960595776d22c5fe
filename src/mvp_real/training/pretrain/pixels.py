"""ImageNet normalisation of byte pixels in tensors (channel last), and its inverse for pictures."""

from __future__ import annotations

import torch
from torch import Tensor

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)


def normalise_bytes(pixels: Tensor) -> Tensor:
    """uint8 (..., 3 k) with the channel fastest (an image, or flattened patches) -> float32 of the same
    shape."""
    repeat = pixels.shape[-1] // 3
    scale = torch.tensor([1.0 / (255.0 * std) for std in STD] * repeat, device=pixels.device)
    shift = torch.tensor(
        [mean / std for mean, std in zip(MEAN, STD, strict=True)] * repeat, device=pixels.device
    )
    return pixels.float() * scale - shift


def denormalise(images: Tensor) -> Tensor:
    """Normalised (B, 3, H, W) -> uint8 (B, H, W, 3)."""
    mean = torch.tensor(MEAN, device=images.device).view(1, 3, 1, 1)
    std = torch.tensor(STD, device=images.device).view(1, 3, 1, 1)
    return ((images * std + mean) * 255.0).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1)
