"""What is measured during a run: held-out masked loss, fruit-position probes with references."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mvp_real.networks.mae import MaskedAutoencoder
from mvp_real.networks.patches import normalise_patches, patchify
from mvp_real.networks.vit import VisionTransformer, ViTConfig
from mvp_real.training.pretrain.config import MaeTrainingConfig
from mvp_real.training.pretrain.images import ImageShards, centre_view, patchify_bytes
from mvp_real.training.pretrain.pixels import normalise_bytes
from mvp_real.training.pretrain.probes import ProbeSet, encode_images, probe_tokens

HELD_OUT_IMAGES = 256


def held_out_images(directory: Path, config: MaeTrainingConfig) -> np.ndarray:
    """A fixed, evenly spread choice of at most 256 images, uint8 (n, S, S, 3), uncropped."""
    shards = ImageShards(directory)
    chosen = np.linspace(0, len(shards) - 1, min(HELD_OUT_IMAGES, len(shards))).astype(int)
    return np.stack([centre_view(shards[int(index)], config.encoder.image_size) for index in chosen])


def held_out_loss(model: MaskedAutoencoder, images: np.ndarray) -> dict[str, float]:
    """Masked loss on images uint8 (n, S, S, 3) with fixed masks, and that of an all-zero prediction."""
    device = next(model.parameters()).device
    generator = torch.Generator().manual_seed(0)
    loss, zero = 0.0, 0.0
    with torch.no_grad():
        for start in range(0, len(images), 64):
            chunk = patchify_bytes(images[start : start + 64], model.config.patch)
            patches = normalise_bytes(torch.from_numpy(chunk).to(device))
            noise = torch.rand(patches.shape[:2], generator=generator).to(device)
            loss += float(model.loss(patches, noise)) * len(chunk)
            zero += float(normalise_patches(patches, model.variance_floor).square().mean()) * len(chunk)
    return {"held_out_loss": loss / len(images), "held_out_loss_of_zero": zero / len(images)}


def probe_encoder(network: VisionTransformer, probe: ProbeSet) -> dict[str, dict[str, float]]:
    """Both fruit-position probes on the frozen tokens of `network`."""

    def encode(pixels: Tensor) -> Tensor:
        tokens: Tensor = network(normalise_bytes(pixels).permute(0, 3, 1, 2))
        return tokens

    tokens = encode_images(encode, probe.images, next(network.parameters()).device)
    return {
        **probe_tokens(tokens, probe),
        "rank": {"participation_ratio": participation_ratio(tokens[:, 1:])},
    }


def participation_ratio(tokens: Tensor) -> float:
    """Directions the patch tokens (N, P, D) fill: (sum of variances)^2 / sum of squared ones, 1 to D."""
    variances = torch.linalg.eigvalsh(torch.cov(tokens.reshape(-1, tokens.shape[-1]).T.cpu().double()))
    return float(variances.sum() ** 2 / variances.square().sum())


def reference_probes(config: ViTConfig, probe: ProbeSet, seed: int) -> dict[str, Any]:
    """The same probes on a random network of the same size, and on the pixels of the patches themselves."""
    torch.manual_seed(seed)
    random = VisionTransformer(config)

    def raw(pixels: Tensor) -> Tensor:
        patches = patchify(normalise_bytes(pixels).permute(0, 3, 1, 2), config.patch)
        return torch.cat([patches.mean(dim=1, keepdim=True), patches], dim=1)

    device = next(random.parameters()).device
    return {
        "random": probe_encoder(random, probe),
        "raw": probe_tokens(encode_images(raw, probe.images, device), probe),
    }
