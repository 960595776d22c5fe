"""Patches and the normalised pixel target."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mvp_real.networks.patches import normalise_patches, patchify, unpatchify


@given(st.integers(1, 3), st.integers(1, 4), st.integers(1, 4), st.integers(1, 5))
@settings(max_examples=25, deadline=None)
def test_round_trip_is_exact(batch: int, rows: int, columns: int, patch: int) -> None:
    images = torch.randn(batch, 3, rows * patch, columns * patch)
    patches = patchify(images, patch)
    assert patches.shape == (batch, rows * columns, 3 * patch * patch)
    assert torch.equal(unpatchify(patches, patch, rows), images)


def test_channel_is_fastest_then_column_then_row() -> None:
    images = torch.arange(48.0).view(1, 3, 4, 4)
    first = patchify(images, 2)[0, 0]
    assert first.tolist() == [0, 16, 32, 1, 17, 33, 4, 20, 36, 5, 21, 37]


def test_an_image_that_does_not_divide_is_named() -> None:
    with pytest.raises(ValueError, match="30 x 32 px does not divide into patches of 8"):
        patchify(torch.zeros(1, 3, 30, 32), 8)


def test_zero_prediction_costs_the_unbiased_share() -> None:
    torch.manual_seed(0)
    target = normalise_patches(torch.randn(1, 196, 768))
    assert target.square().mean().item() == pytest.approx(767 / 768, abs=2e-5)
    four = normalise_patches(torch.tensor([[[0.0, 1.0, 2.0, 3.0]]]))
    assert four.square().mean().item() == pytest.approx(0.75, abs=1e-5)


def test_variance_floor_silences_flat_patches() -> None:
    flat = 0.01 * torch.randn(1, 10, 192)
    assert normalise_patches(flat).square().mean() > 0.9
    assert normalise_patches(flat, variance_floor=1e-2).square().mean() < 0.02
