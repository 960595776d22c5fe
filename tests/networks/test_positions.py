"""Position tables: the numbers of MAE's, and the resize to another grid."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mvp_real.networks.positions import resize_positions, sincos_positions


def test_small_table_has_the_published_values() -> None:
    table = sincos_positions(8, 2, 2)
    origin = [0, 0, 1, 1, 0, 0, 1, 1]
    moved = [0.8415, 0.0100, 0.5403, 1.0]
    np.testing.assert_array_equal(table[0], np.zeros(8))
    np.testing.assert_allclose(table[1], origin, atol=1e-4)
    np.testing.assert_allclose(table[2], [*moved, 0, 0, 1, 1], atol=1e-4)
    np.testing.assert_allclose(table[3], [0, 0, 1, 1, *moved], atol=1e-4)


def test_first_half_follows_the_column_second_half_the_row() -> None:
    table = sincos_positions(384, 14, 14)[1:]
    start = [0.841471, 0.788593, 0.734822]
    np.testing.assert_allclose(table[1, :3], start, atol=1e-6)
    assert table[1, 96] == pytest.approx(0.540302, abs=1e-6)
    np.testing.assert_allclose(table[14, 192:195], start, atol=1e-6)


@pytest.mark.parametrize(("dim", "grid"), [(384, 14), (1024, 16), (192, 12)])
def test_squared_norm_of_every_patch_row_is_half_the_width(dim: int, grid: int) -> None:
    np.testing.assert_allclose(
        np.square(sincos_positions(dim, grid, grid)[1:]).sum(axis=1), dim / 2, rtol=1e-5
    )


def test_width_must_hold_four_equal_parts() -> None:
    with pytest.raises(ValueError, match="divisible by 4, got 30"):
        sincos_positions(30, 2, 2)


def test_resize_keeps_the_class_row_and_smooth_content() -> None:
    table = torch.from_numpy(sincos_positions(64, 14, 14)).unsqueeze(0)
    table[:, 0] = 3.0
    resized = resize_positions(table, 16, 16)
    assert resized.shape == (1, 257, 64)
    assert torch.equal(resized[:, 0], table[:, 0])
    # A coarser sampling of the same smooth surface: a round trip gives it back, but for the fastest
    # channels' rims.
    back = resize_positions(resized, 14, 14)
    assert (back - table).abs().mean() < 0.02


def test_resize_to_the_same_grid_is_exact() -> None:
    table = torch.randn(1, 145, 8)
    assert torch.equal(resize_positions(table, 12, 12), table)


def test_resize_refuses_a_table_that_is_no_square() -> None:
    with pytest.raises(ValueError, match="195 patches"):
        resize_positions(torch.zeros(1, 196, 8), 14, 14)
