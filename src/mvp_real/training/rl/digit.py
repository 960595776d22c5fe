"""Digit for training: the walking environment with its curriculum, from the settings of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from mvp_real.tasks.digit.config import WalkConfig
from mvp_real.tasks.digit.curriculum import StagedWalk, stages_from
from mvp_real.training.rl.distributed import Replicas


def training_walk(
    settings: Mapping[str, Any], stages: Sequence[Mapping[str, Any]], replicas: Replicas | None = None
) -> StagedWalk:
    """The environment of a run.

    Args:
        settings: The `environment:` section of the configuration.
        stages: The `curriculum:` section.
        replicas: Processes that share the robots; each gets its part and random numbers of its own.

    Raises:
        MvpRealError: A setting is unknown or out of range.
    """
    config = WalkConfig.from_dict(settings)
    if replicas is not None and replicas.count > 1:
        config = part_of(config, replicas)
    return StagedWalk(config, stages_from(stages))


def part_of(config: WalkConfig, replicas: Replicas) -> WalkConfig:
    """What one process simulates: its share of the robots, with random numbers and a GPU of its own."""
    device = f"cuda:{replicas.local}" if config.device == "cuda" else config.device
    return replace(
        config,
        num_envs=config.num_envs // replicas.count,
        seed=config.seed + replicas.rank,
        device=device,
    )
