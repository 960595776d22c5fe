"""Checkpoint folders: safetensors and JSON, written atomically; nothing is ever unpickled."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from mvp_real.errors import MvpRealError

STATE_FILE = "state.json"
STAMP = "stamp"


def write_checkpoint(
    directory: Path, tensors: Mapping[str, Mapping[str, Tensor]], state: Mapping[str, Any], stamp: str
) -> None:
    """Write a checkpoint; a crash while writing leaves the previous one, or a torn set that `read` notices.

    Args:
        directory: The folder.
        tensors: Tensors by name, for each file name.
        state: The JSON part.
        stamp: What all files carry, e.g. the number of samples.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for file, values in tensors.items():
        contiguous = {key: value.detach().cpu().contiguous() for key, value in values.items()}
        save_file(contiguous, directory / f"{file}.new", metadata={STAMP: stamp})
    text = json.dumps({**state, STAMP: stamp}, indent=1)
    (directory / f"{STATE_FILE}.new").write_text(text, encoding="utf-8")
    for file in (*tensors, STATE_FILE):
        os.replace(directory / f"{file}.new", directory / file)


def read_state(directory: Path) -> dict[str, Any]:
    """The JSON part.

    Raises:
        MvpRealError: There is no checkpoint in `directory`.
    """
    path = directory / STATE_FILE
    if not path.is_file():
        raise MvpRealError(f"there is no checkpoint in '{directory}' ({STATE_FILE} is missing)")
    state: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return state


def read_tensors(directory: Path, file: str, stamp: str) -> dict[str, Tensor]:
    """The tensors of one file.

    Raises:
        MvpRealError: The file is missing, or belongs to another checkpoint than the JSON part.
    """
    path = directory / file
    if not path.is_file():
        raise MvpRealError(f"the checkpoint in '{directory}' is incomplete: {file} is missing")
    with safe_open(path, "pt") as stream:
        found = (stream.metadata() or {}).get(STAMP)
    if found != stamp:
        raise MvpRealError(
            f"'{path}' was written at {found}, {STATE_FILE} at {stamp}: the run was cut off while it saved; "
            "go back to an older copy of the folder"
        )
    return load_file(path)


def optimizer_moments(
    named_parameters: Iterable[tuple[str, nn.Parameter]], optimizer: Optimizer
) -> dict[str, Tensor]:
    """The optimiser's state by parameter name, "name/exp_avg" and so on."""
    return {
        f"{name}/{key}": value.detach().clone()
        for name, parameter in named_parameters
        for key, value in optimizer.state.get(parameter, {}).items()
    }


def restore_moments(
    named_parameters: Iterable[tuple[str, nn.Parameter]], optimizer: Optimizer, moments: Mapping[str, Tensor]
) -> None:
    """Put saved moments back into `optimizer`, by parameter name."""
    by_name: dict[str, dict[str, Tensor]] = {}
    for key, value in moments.items():
        name, entry = key.rsplit("/", 1)
        by_name.setdefault(name, {})[entry] = value
    for name, parameter in named_parameters:
        if name in by_name:
            # Step counters stay where the fused optimiser wants them: beside the parameter.
            optimizer.state[parameter] = {
                key: value.to(parameter.device) for key, value in by_name[name].items()
            }
