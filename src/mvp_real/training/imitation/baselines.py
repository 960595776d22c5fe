"""Bundles of the encoders that the study compares with: no learning, or learning on the demonstrations alone."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from mvp_real.bundle import Card
from mvp_real.cameras.preprocessing import Preprocessing
from mvp_real.errors import unknown_name
from mvp_real.networks.baseline_encoders import Blank, RawPatches, RawPixels
from mvp_real.networks.vit import VisionTransformer, ViTConfig
from mvp_real.training.export_encoder import export_encoder

SUMMARIES = {
    "random": "A vision Transformer with random weights, never trained: what the architecture alone gives.",
    "raw16": "The image averaged to 16 x 16 pixels: no network at all.",
    "raw_patches": "The pixels of each 8 x 8 patch as its token: no network at all.",
    "blank": "One zero whatever the image: the row 'without image'.",
}
LIMITATION = "A baseline for comparison, not meant to run a robot."


def export_baseline(kind: str, directory: Path, config: ViTConfig | None = None, seed: int = 1) -> Card:
    """Write the bundle of a baseline encoder.

    Args:
        kind: "random", "raw16", "raw_patches" or "blank".
        directory: The bundle; its last part is the bundle's name.
        config: Size of the random vision Transformer.
        seed: Of its weights.

    Raises:
        MvpRealError: No such baseline.
    """
    if kind not in SUMMARIES:
        raise unknown_name("baseline encoder", kind, SUMMARIES)
    torch.manual_seed(seed)
    config = config or ViTConfig(image_size=96, patch=8, dim=192, blocks=6, heads=3)
    modules: dict[str, nn.Module] = {
        "random": VisionTransformer(config),
        "raw16": RawPixels(),
        "raw_patches": RawPatches(config.patch),
        "blank": Blank(),
    }
    training = {"method": "none", "seed": seed} if kind == "random" else {"method": "none"}
    return export_encoder(
        modules[kind],
        Preprocessing(size=config.image_size),
        directory,
        name=directory.name,
        summary=SUMMARIES[kind],
        training=training,
        limitations=[LIMITATION],
    )
