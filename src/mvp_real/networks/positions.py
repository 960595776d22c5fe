"""Fixed 2-D sine-cosine position tables of MAE and their resize to another grid."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def sincos_positions(dim: int, rows: int, columns: int) -> np.ndarray:
    """Position table of MAE, ``(1 + rows * columns, dim)`` float32; row 0 (class token) is zero.

    The first half of the channels encodes the *column* index, the second half the row; each half is
    ``[sin | cos]`` with ``omega_k = 10000 ** (-k / (dim / 4))`` (He 2022, reference code). MoCo-v3's table is
    the transpose of this one.

    Raises:
        ValueError: `dim` is not divisible by 4.
    """
    if dim % 4:
        raise ValueError(f"the width of a 2-D sine-cosine table must be divisible by 4, got {dim}")
    row_index, column_index = np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij")
    halves = [_sincos(dim // 2, index.reshape(-1)) for index in (column_index, row_index)]
    table = np.concatenate([np.zeros((1, dim)), np.concatenate(halves, axis=1)])
    return np.asarray(table, dtype=np.float32)


def _sincos(dim: int, index: np.ndarray) -> np.ndarray:
    omega = 10000.0 ** (-np.arange(dim // 2, dtype=np.float64) / (dim / 2))
    angles = index.astype(np.float64)[:, None] * omega[None]
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1)


def resize_positions(table: Tensor, rows: int, columns: int) -> Tensor:
    """Bicubic resize of the patch part of a ``(1, 1 + n * n, D)`` table to ``rows x columns``; the class row
    is kept.

    Raises:
        ValueError: the patch part of `table` is not a square grid.
    """
    count = table.shape[1] - 1
    side = round(count**0.5)
    if side * side != count:
        raise ValueError(f"a position table of {count} patches is not a square grid")
    if (side, side) == (rows, columns):
        return table.clone()
    grid = table[:, 1:].reshape(1, side, side, -1).permute(0, 3, 1, 2)
    grid = torch.nn.functional.interpolate(grid, size=(rows, columns), mode="bicubic", align_corners=False)
    return torch.cat([table[:, :1], grid.permute(0, 2, 3, 1).reshape(1, rows * columns, -1)], dim=1)
