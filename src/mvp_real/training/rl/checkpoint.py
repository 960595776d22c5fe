"""Checkpoints of a reinforcement-learning run: networks, optimiser, random numbers, environment, running episodes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from mvp_real.errors import MvpRealError
from mvp_real.training.checkpoint_files import (
    STAMP,
    STATE_FILE,
    optimizer_moments,
    read_state,
    read_tensors,
    restore_moments,
    write_checkpoint,
)
from mvp_real.training.rl.collector import Collector
from mvp_real.training.rl.distillation_memory import DistillationMemory
from mvp_real.training.rl.environment_state import join_arrays, split_arrays

MODEL_FILE = "model.safetensors"
OPTIMIZER_FILE = "optimizer.safetensors"
COLLECTOR_FILE = "collector.safetensors"


@dataclass
class Progress:
    """How far a run is.

    Attributes:
        iteration: Rollouts learnt from.
        samples: Control steps of robots.
        seconds: Of training, over all resumptions.
    """

    iteration: int = 0
    samples: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class RunParts:
    """What a checkpoint is made of.

    Attributes:
        networks: By name; their parameters are those of the optimiser.
        optimizer: Of all networks.
        collector: Environment, running episodes and the generator of the action noise.
        memory: What else has to be kept, or None.
    """

    networks: dict[str, nn.Module]
    optimizer: Optimizer
    collector: Collector
    memory: DistillationMemory | None = None

    def named_parameters(self) -> list[tuple[str, nn.Parameter]]:
        """All parameters, by the name of their network and their own."""
        return [
            (f"{network}.{name}", parameter)
            for network, module in self.networks.items()
            for name, parameter in module.named_parameters()
        ]


def has_checkpoint(directory: Path) -> bool:
    """Whether there is a checkpoint in `directory`."""
    return (directory / STATE_FILE).is_file()


def save_run(
    directory: Path, parts: RunParts, progress: Progress, settings: dict[str, Any], extra: dict[str, Any]
) -> None:
    """Write the checkpoint.

    Args:
        directory: The folder of the run.
        parts: Networks, optimiser, collector.
        progress: How far the run is.
        settings: The configuration.
        extra: Further plain values, given back by `load_run`.
    """
    model = {
        f"{network}.{name}": value
        for network, module in parts.networks.items()
        for name, value in module.state_dict().items()
    }
    arrays: dict[str, Tensor] = {}
    state = {
        "config": settings,
        "progress": asdict(progress),
        "extra": extra,
        "collector": split_arrays(parts.collector.save_state(), "collector", arrays),
    }
    if parts.memory is not None:
        arrays |= {f"memory/{name}": value for name, value in parts.memory.state().items()}
    arrays["generator"] = parts.collector.generator.get_state()
    files = {
        MODEL_FILE: model,
        OPTIMIZER_FILE: optimizer_moments(parts.named_parameters(), parts.optimizer),
        COLLECTOR_FILE: arrays,
    }
    write_checkpoint(directory, files, state, f"iteration {progress.iteration}")


def load_run(directory: Path, parts: RunParts) -> tuple[Progress, dict[str, Any]]:
    """Put a checkpoint back into `parts`.

    Returns:
        How far the run was, and the extra values.

    Raises:
        MvpRealError: There is none, it is torn, or it does not fit the networks.
    """
    state = read_state(directory)
    load_networks(directory, parts.networks)
    moments = read_tensors(directory, OPTIMIZER_FILE, state[STAMP])
    restore_moments(parts.named_parameters(), parts.optimizer, moments)
    arrays = read_tensors(directory, COLLECTOR_FILE, state[STAMP])
    parts.collector.load_state(join_arrays(state["collector"], arrays))
    if parts.memory is not None:
        parts.memory.restore({key[7:]: value for key, value in arrays.items() if key.startswith("memory/")})
    parts.collector.generator.set_state(arrays["generator"])
    return Progress(**state["progress"]), state["extra"]


def load_networks(directory: Path, networks: dict[str, nn.Module]) -> None:
    """Put the weights and normalisers of a checkpoint into networks named as when it was saved.

    Raises:
        MvpRealError: A network is not in the checkpoint, or has another shape.
    """
    tensors = read_tensors(directory, MODEL_FILE, read_state(directory)[STAMP])
    for name, module in networks.items():
        own = {key[len(name) + 1 :]: value for key, value in tensors.items() if key.startswith(f"{name}.")}
        try:
            module.load_state_dict(own)
        except RuntimeError as error:
            raise MvpRealError(
                f"the {name} of '{directory}' does not fit: {str(error).splitlines()[-1].strip()}"
            ) from error
