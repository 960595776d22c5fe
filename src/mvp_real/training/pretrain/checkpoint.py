"""Checkpoints of a pre-training run: safetensors and JSON, written atomically; nothing is ever unpickled."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from mvp_real.errors import MvpRealError
from mvp_real.networks.mae import MaskedAutoencoder
from mvp_real.training.pretrain.config import MaeTrainingConfig

MODEL_FILE = "model.safetensors"
OPTIMIZER_FILE = "optimizer.safetensors"
STATE_FILE = "state.json"


def save_checkpoint(
    directory: Path, model: MaskedAutoencoder, optimizer: torch.optim.Optimizer, state: dict[str, Any]
) -> None:
    """Write a checkpoint folder; a crash while writing leaves the previous one whole.

    Files are written beside the old ones and renamed, the JSON last: it names the sample count that the two
    tensor files carry too, so that a torn set is noticed on reading.
    """
    directory.mkdir(parents=True, exist_ok=True)
    stamp = {"samples": str(state["samples"])}
    names = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    moments: dict[str, Tensor] = {}
    for name, parameter in model.named_parameters():
        for key, value in optimizer.state.get(parameter, {}).items():
            moments[f"{name}/{key}"] = value.detach().contiguous().reshape(value.shape)
    if moments and len({key.rsplit("/", 1)[0] for key in moments}) != len(names):
        raise MvpRealError("the optimizer holds state for only a part of the trained parameters")
    files = {MODEL_FILE: dict(model.state_dict()), OPTIMIZER_FILE: moments}
    for file, tensors in files.items():
        contiguous = {key: value.detach().contiguous() for key, value in tensors.items()}
        save_file(contiguous, directory / f"{file}.new", metadata=stamp)
    (directory / f"{STATE_FILE}.new").write_text(json.dumps(state, indent=1))
    for file in (*files, STATE_FILE):
        os.replace(directory / f"{file}.new", directory / file)


def read_state(directory: Path) -> dict[str, Any]:
    """The JSON part: `config`, `samples`, `schedule`, `epochs`, `history` ...

    Raises:
        MvpRealError: there is no checkpoint in `directory`.
    """
    path = directory / STATE_FILE
    if not path.is_file():
        raise MvpRealError(f"there is no pre-training checkpoint in {directory} ({STATE_FILE} is missing)")
    state: dict[str, Any] = json.loads(path.read_text())
    return state


def build_model(config: MaeTrainingConfig) -> MaskedAutoencoder:
    """A fresh model; its weights follow `config.seed`."""
    torch.manual_seed(config.seed)
    return MaskedAutoencoder(config.encoder, config.decoder, config.mask_ratio, config.variance_floor)


def load_model(directory: Path) -> tuple[MaskedAutoencoder, MaeTrainingConfig, dict[str, Any]]:
    """Model, settings and state of a checkpoint folder."""
    state = read_state(directory)
    config = MaeTrainingConfig.from_dict(state["config"])
    model = build_model(config)
    model.load_state_dict(load_file(directory / MODEL_FILE))
    return model, config, state


def load_optimizer(directory: Path, model: MaskedAutoencoder, optimizer: torch.optim.Optimizer) -> None:
    """Put the saved moments back into `optimizer`, by parameter name."""
    moments = load_file(directory / OPTIMIZER_FILE)
    for name, parameter in model.named_parameters():
        entries = {
            key.rsplit("/", 1)[1]: value.to(parameter.device)
            for key, value in moments.items()
            if key.rsplit("/", 1)[0] == name
        }
        if entries:
            optimizer.state[parameter] = entries
