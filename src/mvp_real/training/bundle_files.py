"""The files of a bundle besides its card: the ONNX graph's name, and every weight as safetensors."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from mvp_real.errors import MvpRealError

MODEL, WEIGHTS = "model.onnx", "weights.safetensors"


def save_weights(tensors: dict[str, torch.Tensor], path: Path) -> None:
    """Every tensor as safetensors; a module without any gets a marker, because the format has no empty file."""
    kept = tensors or {"empty": torch.zeros(1)}
    save_file({name: value.detach().clone().contiguous() for name, value in kept.items()}, str(path))
    path.chmod(0o644)  # safetensors writes files that only their owner can read


def load_weights(module: torch.nn.Module, path: Path) -> None:
    """Inverse of `save_weights`.

    Raises:
        MvpRealError: Names or shapes differ.
    """
    try:
        module.load_state_dict(load_file(str(path)))
    except RuntimeError as error:
        raise MvpRealError(f"'{path}' does not fit the network: {error}") from error
