"""Images to patches and back, and the normalised pixel target of MAE."""

from __future__ import annotations

from torch import Tensor


def patchify(images: Tensor, patch: int) -> Tensor:
    """``(B, 3, H, W)`` -> ``(B, N, patch * patch * 3)``; inside a patch: row, column, channel (channel
    fastest)."""
    batch, channels, height, width = images.shape
    if height % patch or width % patch:
        raise ValueError(f"an image of {height} x {width} px does not divide into patches of {patch} px")
    grid = images.reshape(batch, channels, height // patch, patch, width // patch, patch)
    return grid.permute(0, 2, 4, 3, 5, 1).reshape(batch, -1, patch * patch * channels)


def unpatchify(patches: Tensor, patch: int, rows: int | None = None) -> Tensor:
    """Inverse of `patchify`; `rows` is the number of patch rows (default: a square image)."""
    batch, count, width = patches.shape
    rows = rows or round(count**0.5)
    columns, channels = count // rows, width // (patch * patch)
    if rows * columns != count:
        raise ValueError(f"{count} patches do not fill {rows} rows")
    grid = patches.reshape(batch, rows, columns, patch, patch, channels)
    return grid.permute(0, 5, 1, 3, 2, 4).reshape(batch, channels, rows * patch, columns * patch)


def normalise_patches(patches: Tensor, variance_floor: float = 1e-6) -> Tensor:
    """``(x - mean) / sqrt(var + floor)`` per patch (last axis), `var` unbiased (He 2022, reference code)."""
    variance, mean = _moments(patches)
    return (patches - mean) * (variance + variance_floor).rsqrt()


def _moments(patches: Tensor) -> tuple[Tensor, Tensor]:
    mean = patches.mean(dim=-1, keepdim=True)
    count = patches.shape[-1]
    variance = (patches - mean).square().sum(dim=-1, keepdim=True) / (count - 1)
    return variance, mean
