"""The vision Transformer, with the layout and the parameter names of the released MVP weights."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from mvp_real.networks.blocks import NORM_EPSILON, Block
from mvp_real.networks.patches import patchify
from mvp_real.networks.positions import sincos_positions


@dataclass(frozen=True)
class ViTConfig:
    """Size of a vision Transformer. The head count does not show in the weights, so it is part of every
    record."""

    image_size: int = 224
    patch: int = 16
    dim: int = 384
    blocks: int = 12
    heads: int = 12
    mlp_ratio: float = 4.0

    def __post_init__(self) -> None:
        if self.image_size % self.patch:
            raise ValueError(f"image size {self.image_size} is not a multiple of the patch size {self.patch}")
        if self.dim % self.heads:
            raise ValueError(f"width {self.dim} is not divisible by {self.heads} attention heads")

    @property
    def grid(self) -> int:
        """Patches along one side."""
        return self.image_size // self.patch

    @property
    def patches(self) -> int:
        return self.grid**2

    @property
    def patch_values(self) -> int:
        """Numbers in one RGB patch."""
        return 3 * self.patch**2


RELEASED_SIZES = {
    "vit_small": ViTConfig(224, 16, 384, 12, 12),
    "vit_base": ViTConfig(224, 16, 768, 12, 12),
    "vit_large": ViTConfig(224, 16, 1024, 24, 16),
    "vit_large_256": ViTConfig(256, 16, 1024, 24, 16),
}
"""Sizes of the MVP model zoo. ViT-S runs with 12 heads (head dimension 32) in the release, 6 in Xiao 2023,
ch. 4."""


class PatchEmbedding(nn.Module):
    """Non-overlapping convolution, stored as such (`proj`), applied as a linear layer to flattened
    patches."""

    def __init__(self, patch: int, dim: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, dim, kernel_size=patch, stride=patch)

    def forward(self, patches: Tensor) -> Tensor:
        """Patches ``(B, K, patch * patch * 3)`` in the order of `patchify` -> ``(B, K, D)``."""
        weight = self.proj.weight.permute(0, 2, 3, 1).flatten(1)
        return functional.linear(patches, weight, self.proj.bias)


class VisionTransformer(nn.Module):
    """Frozen encoder of MVP: normalised images to tokens, class token first.

    State dict (timm and MAE names): `cls_token`, `pos_embed`, `patch_embed.proj.*`, `blocks.i.*`, `norm.*`:
    150 tensors with 12 blocks, 294 with 24 (Xiao 2023, ch. 4-5; He 2022).
    """

    def __init__(self, config: ViTConfig) -> None:
        super().__init__()
        self.config = config
        self.patch_embed = PatchEmbedding(config.patch, config.dim)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, config.dim))
        table = torch.from_numpy(sincos_positions(config.dim, config.grid, config.grid)).unsqueeze(0)
        self.pos_embed = nn.Parameter(table, requires_grad=False)
        self.blocks = nn.ModuleList(
            Block(config.dim, config.heads, config.mlp_ratio) for _ in range(config.blocks)
        )
        self.norm = nn.LayerNorm(config.dim, eps=NORM_EPSILON)
        self.initialise()

    def initialise(self) -> None:
        """Xavier-uniform linears (the patch embedding as a linear), zero biases, class token std 0.02 (He
        2022)."""
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)
        weight = self.patch_embed.proj.weight
        nn.init.xavier_uniform_(weight.data.view(weight.shape[0], -1))
        nn.init.normal_(self.cls_token, std=0.02)

    def forward(self, images: Tensor) -> Tensor:
        """Images ``(B, 3, S, S)`` -> tokens ``(B, 1 + N, D)`` after the last block, *before* the final
        LayerNorm."""
        x = self.patch_embed(patchify(images, self.config.patch)) + self.pos_embed[:, 1:]
        x = self.with_class_token(x)
        for block in self.blocks:
            x = block(x)
        return x

    def with_class_token(self, x: Tensor) -> Tensor:
        """Put the class token (with its position) before the patch tokens ``(B, K, D)``."""
        token = (self.cls_token + self.pos_embed[:, :1]).expand(x.shape[0], -1, -1)
        return torch.cat([token, x], dim=1)

    def class_feature(self, images: Tensor) -> Tensor:
        """The thesis's feature ``(B, D)``: the class token after the final LayerNorm."""
        feature: Tensor = self.norm(self(images)[:, 0])
        return feature

    def parameter_count(self) -> int:
        """All numbers of the state dict, the fixed position table included (21,665,664 for ViT-S/16)."""
        return sum(tensor.numel() for tensor in self.state_dict().values())
