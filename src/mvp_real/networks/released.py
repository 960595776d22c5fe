"""Weights in the layout of the MVP release (timm and MAE names), read strictly and from safetensors only."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from mvp_real.errors import MvpRealError
from mvp_real.networks.positions import resize_positions
from mvp_real.networks.vit import VisionTransformer, ViTConfig

IGNORED_PREFIXES = ("decoder_", "mask_token", "head")
"""What a checkpoint may hold beside the encoder: the decoder of MAE, a classifier."""


def load_encoder(path: Path, config: ViTConfig) -> VisionTransformer:
    """Build an encoder from a safetensors file.

    The release's own loader is not strict and only prints mismatches; here every tensor must be there with
    the right shape, and only `IGNORED_PREFIXES` may come on top. A position table of another grid is resized
    bicubically. The head count cannot be read from the weights: it is the caller's, from the record beside
    the file.

    Args:
        path: A `.safetensors` file. Released `.pth` files are pickles and are never read; see
            docs/how-to/use_released_weights.md for the conversion.
        config: The encoder's size.

    Raises:
        MvpRealError: not safetensors, or tensors are missing, misshapen or unknown.
    """
    if path.suffix != ".safetensors":
        raise MvpRealError(
            f"{path} is not a safetensors file; pickled weights can run code and are not read. "
            "Convert them once, in an environment of your own: docs/how-to/use_released_weights.md"
        )
    try:
        tensors = load_file(path)
    except SafetensorError as error:
        raise MvpRealError(f"{path} is not a readable safetensors file: {error}") from error
    return encoder_from(tensors, config, str(path))


def encoder_from(
    tensors: dict[str, Tensor], config: ViTConfig, source: str = "checkpoint"
) -> VisionTransformer:
    """An encoder with the given tensors, by the rule of `load_encoder`."""
    with torch.random.fork_rng(devices=[]):
        encoder = VisionTransformer(config)
    expected = encoder.state_dict()
    given = {name: value for name, value in tensors.items() if not name.startswith(IGNORED_PREFIXES)}
    missing = sorted(expected.keys() - given.keys())
    unknown = sorted(given.keys() - expected.keys())
    if missing or unknown:
        raise MvpRealError(
            f"{source}: {len(missing)} tensors are missing ({', '.join(missing[:4])}) and {len(unknown)} "
            f"are not "
            f"of a vision Transformer ({', '.join(unknown[:4])}); expected {len(expected)} tensors"
        )
    positions = given["pos_embed"]
    if positions.ndim == 3 and positions.shape[0] == 1 and positions.shape[2] == config.dim:
        given["pos_embed"] = resize_positions(positions, config.grid, config.grid)
    for name, value in given.items():
        if value.shape != expected[name].shape:
            raise MvpRealError(
                f"{source}: '{name}' has shape {tuple(value.shape)}, the encoder needs "
                f"{tuple(expected[name].shape)}"
            )
    encoder.load_state_dict({name: value.float() for name, value in given.items()})
    return encoder
