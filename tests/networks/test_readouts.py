"""Readouts give what their names say."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mvp_real.errors import MvpRealError
from mvp_real.networks.readouts import READOUTS, KeypointReadout, make_readout


@pytest.mark.parametrize(
    ("name", "features"),
    [("class", 6), ("mean", 6), ("flat", 65 * 6), ("grid", 96), ("keypoints", 64), ("attention", 256)],
)
def test_width_of_the_feature(name: str, features: int) -> None:
    readout = make_readout(name, tokens=65, dim=6)
    assert readout.features == features
    assert readout(torch.randn(3, 65, 6)).shape == (3, features)
    assert set(READOUTS) == {"class", "mean", "flat", "grid", "keypoints", "attention"}


def test_class_and_mean_read_their_tokens() -> None:
    tokens = torch.randn(2, 10, 4)
    assert torch.equal(make_readout("class", 10, 4)(tokens), tokens[:, 0])
    torch.testing.assert_close(make_readout("mean", 10, 4)(tokens), tokens[:, 1:].mean(1))


def test_grid_averages_its_cells_in_row_order() -> None:
    tokens = torch.zeros(1, 65, 1)
    tokens[0, 1 + 8 * 2 + 6] = 4.0  # row 2, column 6 of 8 x 8: cell row 1, column 3 of 4 x 4
    cells = make_readout("grid", 65, 1)(tokens)[0]
    assert cells[4 * 1 + 3] == 1.0
    assert cells.sum() == 1.0


@settings(max_examples=30, deadline=None)
@given(row=st.integers(0, 11), column=st.integers(0, 11), side=st.just(12))
def test_a_keypoint_lands_on_the_patch_that_stands_out(row: int, column: int, side: int) -> None:
    readout = KeypointReadout(1 + side * side, 2, keypoints=1)
    with torch.no_grad():
        readout.maps.weight.copy_(torch.tensor([[50.0, 0.0]]))
    tokens = torch.zeros(1, 1 + side * side, 2)
    tokens[0, 1 + side * row + column, 0] = 1.0
    x, y = readout.points(tokens)[0, 0].tolist()
    assert x == pytest.approx((column + 0.5) / side * 2 - 1, abs=1e-3)
    assert y == pytest.approx((row + 0.5) / side * 2 - 1, abs=1e-3)


def test_uniform_patches_put_keypoints_in_the_middle() -> None:
    readout = KeypointReadout(145, 3, keypoints=5)
    assert readout.points(torch.ones(1, 145, 3)).abs().max() < 1e-6


def test_keypoints_have_six_thousand_parameters_on_192_dimensions() -> None:
    assert sum(p.numel() for p in KeypointReadout(145, 192, 32).parameters()) == 192 * 32 + 32


@pytest.mark.parametrize("name", ["mean", "grid", "keypoints", "attention"])
def test_a_pooled_encoder_has_no_patches_to_read(name: str) -> None:
    with pytest.raises(MvpRealError, match="flat"):
        make_readout(name, tokens=1, dim=768)


def test_an_unknown_readout_suggests_the_near_one() -> None:
    with pytest.raises(MvpRealError, match="keypoints"):
        make_readout("keypoint", 145, 8)
