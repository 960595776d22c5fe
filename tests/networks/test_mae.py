"""The masked autoencoder against the reference formulation, and what it must not depend on."""

from __future__ import annotations

import pytest
import torch

from mvp_real.networks.mae import DecoderConfig, MaskedAutoencoder, masked_loss
from mvp_real.networks.masking import random_masking
from mvp_real.networks.vit import RELEASED_SIZES, ViTConfig

SIZE = ViTConfig(image_size=16, patch=4, dim=16, blocks=2, heads=4)


def small(decoder_blocks: int = 2) -> MaskedAutoencoder:
    torch.manual_seed(0)
    return MaskedAutoencoder(SIZE, DecoderConfig(8, decoder_blocks, 2))


@pytest.mark.parametrize(
    ("name", "parameters"), [("vit_small", 25_912_576), ("vit_base", 26_109_184), ("vit_large", 26_240_256)]
)
def test_decoder_parameters_of_the_recipe(name: str, parameters: int) -> None:
    with torch.device("meta"):
        state = MaskedAutoencoder(RELEASED_SIZES[name]).state_dict()
    decoder = [value for key, value in state.items() if key.startswith(("decoder_", "mask_token"))]
    assert sum(value.numel() for value in decoder) == parameters


@pytest.mark.parametrize("blocks", [1, 3])
def test_loss_equals_the_reference_formulation(blocks: int) -> None:
    model = small(blocks)
    patches, noise = torch.randn(3, 16, 48), torch.rand(3, 16)
    masking = random_masking(noise, 0.75)
    full = model.predict(model.encode(patches, masking.visible), masking)
    assert full.shape == (3, 16, 48)
    expected = masked_loss(full, patches, masking.mask)
    assert model.loss(patches, noise).item() == pytest.approx(expected.item(), rel=1e-5)


def test_predictions_on_visible_patches_carry_no_loss() -> None:
    model = small()
    patches = torch.randn(2, 16, 48)
    masking = random_masking(torch.rand(2, 16), 0.75)
    prediction = model.predict(model.encode(patches, masking.visible), masking)
    other = prediction + 10.0 * (1.0 - masking.mask).unsqueeze(-1)
    assert masked_loss(other, patches, masking.mask) == masked_loss(prediction, patches, masking.mask)


def test_zero_prediction_on_random_images() -> None:
    patches = torch.randn(4, 196, 768, generator=torch.Generator().manual_seed(1))
    mask = random_masking(torch.rand(4, 196), 0.75).mask
    assert masked_loss(torch.zeros_like(patches), patches, mask).item() == pytest.approx(0.998698, abs=3e-5)


def test_encoder_does_not_see_removed_patches() -> None:
    model = small()
    patches = torch.randn(1, 16, 48)
    masking = random_masking(torch.rand(1, 16), 0.75)
    latent = model.encode(patches, masking.visible)
    assert latent.shape == (1, 5, 16)
    changed = patches + 5.0 * masking.mask.unsqueeze(-1)
    assert torch.equal(model.encode(changed, masking.visible), latent)


def test_called_with_images_it_is_the_plain_encoder() -> None:
    model = small()
    images = torch.randn(1, 3, 16, 16)
    from mvp_real.networks.patches import patchify

    everything = torch.arange(16)[None]
    normed = model.encode(patchify(images, 4), everything)
    torch.testing.assert_close(model.norm(model(images)), normed)


def test_fixed_tables_get_no_gradient_and_the_class_token_does() -> None:
    model = small()
    model.loss(torch.randn(2, 16, 48), torch.rand(2, 16)).backward()
    assert model.pos_embed.grad is None
    assert model.decoder_pos_embed.grad is None
    assert model.cls_token.grad is not None
    assert model.cls_token.grad.abs().sum() > 0
    without = [name for name, p in model.named_parameters() if p.requires_grad and p.grad is None]
    assert without == []
