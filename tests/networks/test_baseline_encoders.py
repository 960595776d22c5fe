"""Encoders without learning, and the convolutional trunk."""

from __future__ import annotations

import torch

from mvp_real.networks.baseline_encoders import Blank, RawPatches, RawPixels
from mvp_real.networks.cnn import ConvolutionalTrunk


def test_raw_pixels_are_block_means() -> None:
    image = torch.randn(2, 3, 96, 96)
    token = RawPixels()(image)
    assert token.shape == (2, 1, 768)
    torch.testing.assert_close(token[1, 0, 256 + 16 * 2 + 5], image[1, 1, 12:18, 30:36].mean())


def test_raw_patches_keep_every_pixel_after_an_empty_class_token() -> None:
    image = torch.randn(1, 3, 96, 96)
    tokens = RawPatches()(image)
    assert tokens.shape == (1, 145, 192)
    assert not tokens[:, 0].any()
    assert torch.equal(tokens[0, 1 + 12 * 3 + 4].view(8, 8, 3), image[0, :, 24:32, 32:40].permute(1, 2, 0))


def test_blank_is_blank() -> None:
    assert torch.equal(Blank()(torch.randn(3, 3, 96, 96)), torch.zeros(3, 1, 1))


def test_the_trunk_gives_tokens_in_row_order() -> None:
    torch.manual_seed(0)
    trunk = ConvolutionalTrunk().eval()
    image = torch.zeros(1, 3, 96, 96)
    quiet = trunk(image)
    assert quiet.shape == (1, trunk.tokens(96), trunk.dim) == (1, 145, 64)
    image[0, :, 8 * 9 : 8 * 10, 8 * 2 : 8 * 3] = 3.0
    change = (trunk(image) - quiet)[0, 1:].abs().sum(dim=1).view(12, 12)
    row, column = divmod(int(change.argmax()), 12)
    assert abs(row - 9) <= 1
    assert abs(column - 2) <= 1
