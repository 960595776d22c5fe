"""Masked autoencoder (He 2022; Xiao 2023, sec. 4.2): the pre-training objective of the frozen encoder."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mvp_real.networks.blocks import NORM_EPSILON, Block
from mvp_real.networks.masking import Masking, gather_tokens, kept_patches, random_masking
from mvp_real.networks.patches import normalise_patches
from mvp_real.networks.positions import sincos_positions
from mvp_real.networks.vit import VisionTransformer, ViTConfig


@dataclass(frozen=True)
class DecoderConfig:
    """The decoder is thrown away after pre-training. MAE: 512 wide, 8 blocks, 16 heads."""

    dim: int = 512
    blocks: int = 8
    heads: int = 16
    mlp_ratio: float = 4.0


class MaskedAutoencoder(VisionTransformer):
    """Encoder over the visible patches, light decoder over all of them, loss on the removed ones.

    Called with images it is the plain encoder; `loss` is the objective.
    The encoder's parameters keep their names; the rest is `mask_token` and `decoder_*` (He 2022, reference
    code).
    """

    def __init__(
        self,
        encoder: ViTConfig,
        decoder: DecoderConfig | None = None,
        mask_ratio: float = 0.75,
        variance_floor: float = 1e-6,
    ) -> None:
        super().__init__(encoder)
        decoder = decoder or DecoderConfig()
        self.decoder_config = decoder
        self.mask_ratio = mask_ratio
        self.variance_floor = variance_floor
        self.kept = kept_patches(encoder.patches, mask_ratio)
        self.decoder_embed = nn.Linear(encoder.dim, decoder.dim)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, decoder.dim))
        table = torch.from_numpy(sincos_positions(decoder.dim, encoder.grid, encoder.grid)).unsqueeze(0)
        self.decoder_pos_embed = nn.Parameter(table, requires_grad=False)
        self.decoder_blocks = nn.ModuleList(
            Block(decoder.dim, decoder.heads, decoder.mlp_ratio) for _ in range(decoder.blocks)
        )
        self.decoder_norm = nn.LayerNorm(decoder.dim, eps=NORM_EPSILON)
        self.decoder_pred = nn.Linear(decoder.dim, encoder.patch_values)
        self.initialise()
        nn.init.normal_(self.mask_token, std=0.02)

    def encode(self, patches: Tensor, visible: Tensor) -> Tensor:
        """Normalised patches ``(B, N, P)`` and kept indices ``(B, K)`` -> final-normed latent ``(B, 1 + K,
        D)``."""
        positions = self.pos_embed[0, 1:][visible]
        x = self.with_class_token(self.patch_embed(gather_tokens(patches, visible)) + positions)
        for block in self.blocks:
            x = block(x)
        latent: Tensor = self.norm(x)
        return latent

    def _decoder_input(self, latent: Tensor, masking: Masking) -> Tensor:
        # Blocks are equivariant to the order of their tokens, so the un-shuffle of the reference code is left
        # out: tokens stay in the order class, visible, removed, and take the positions of that order.
        x = self.decoder_embed(latent)
        removed = masking.shuffle.shape[1] - masking.kept
        x = torch.cat([x, self.mask_token.expand(x.shape[0], removed, -1)], dim=1)
        positions = self.decoder_pos_embed[0, 1:][masking.shuffle]
        first = self.decoder_pos_embed[:, :1].expand(x.shape[0], -1, -1)
        return x + torch.cat([first, positions], dim=1)

    def predict_removed(self, latent: Tensor, masking: Masking) -> Tensor:
        """Predictions of the removed patches, ``(B, N - K, P)``, in the order of `masking.removed`."""
        x = self._decoder_input(latent, masking)
        for block in self.decoder_blocks[:-1]:
            x = block(x)
        # Only removed patches carry a loss: the last block computes no output for the others.
        x = self.decoder_blocks[-1](x, start=1 + masking.kept)
        prediction: Tensor = self.decoder_pred(self.decoder_norm(x))
        return prediction

    def predict(self, latent: Tensor, masking: Masking) -> Tensor:
        """Predictions of all patches, ``(B, N, P)``, in image order (for pictures and tests)."""
        x = self._decoder_input(latent, masking)
        for block in self.decoder_blocks:
            x = block(x)
        return gather_tokens(self.decoder_pred(self.decoder_norm(x))[:, 1:], masking.restore)

    def loss(self, patches: Tensor, noise: Tensor) -> Tensor:
        """Masked loss of normalised patches ``(B, N, P)``; `noise` ``(B, N)`` uniform in [0, 1) picks the
        mask.

        Mean over removed patches of the mean squared error against the per-patch normalised pixels.
        """
        masking = random_masking(noise, self.mask_ratio)
        prediction = self.predict_removed(self.encode(patches, masking.visible), masking)
        target = normalise_patches(gather_tokens(patches, masking.removed), self.variance_floor)
        return (prediction - target).square().mean()


def masked_loss(prediction: Tensor, patches: Tensor, mask: Tensor, variance_floor: float = 1e-6) -> Tensor:
    """Loss of the reference code from full predictions ``(B, N, P)`` and a mask ``(B, N)`` (1 = removed)."""
    error = (prediction - normalise_patches(patches, variance_floor)).square().mean(dim=-1)
    return (error * mask).sum() / mask.sum()
