"""Checkpoints of a pre-training run: model, optimiser and what else decides how it goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from mvp_real.errors import MvpRealError
from mvp_real.networks.mae import MaskedAutoencoder
from mvp_real.training.checkpoint_files import (
    STAMP,
    optimizer_moments,
    read_state,
    read_tensors,
    restore_moments,
    write_checkpoint,
)
from mvp_real.training.pretrain.config import MaeTrainingConfig

MODEL_FILE = "model.safetensors"
OPTIMIZER_FILE = "optimizer.safetensors"


def save_checkpoint(
    directory: Path, model: MaskedAutoencoder, optimizer: torch.optim.Optimizer, state: dict[str, Any]
) -> None:
    """Write a checkpoint folder; `state` holds the JSON part: `config`, `samples`, `schedule`, `history` ..."""
    moments = optimizer_moments(model.named_parameters(), optimizer)
    trained = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    if moments and len({key.rsplit("/", 1)[0] for key in moments}) != len(trained):
        raise MvpRealError("the optimizer holds state for only a part of the trained parameters")
    files = {MODEL_FILE: model.state_dict(), OPTIMIZER_FILE: moments}
    write_checkpoint(directory, files, state, str(state["samples"]))


def build_model(config: MaeTrainingConfig) -> MaskedAutoencoder:
    """A fresh model; its weights follow `config.seed`."""
    torch.manual_seed(config.seed)
    return MaskedAutoencoder(config.encoder, config.decoder, config.mask_ratio, config.variance_floor)


def load_model(directory: Path) -> tuple[MaskedAutoencoder, MaeTrainingConfig, dict[str, Any]]:
    """Model, settings and state of a checkpoint folder.

    Raises:
        MvpRealError: There is no checkpoint, or its files are of different moments.
    """
    state = read_state(directory)
    config = MaeTrainingConfig.from_dict(state["config"])
    model = build_model(config)
    model.load_state_dict(read_tensors(directory, MODEL_FILE, state[STAMP]))
    return model, config, state


def load_optimizer(directory: Path, model: MaskedAutoencoder, optimizer: torch.optim.Optimizer) -> None:
    """Put the saved moments back into `optimizer`, by parameter name.

    Raises:
        MvpRealError: The moments belong to another moment than the rest of the checkpoint.
    """
    moments = read_tensors(directory, OPTIMIZER_FILE, read_state(directory)[STAMP])
    restore_moments(model.named_parameters(), optimizer, moments)
