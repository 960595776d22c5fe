"""Figures about episodes, running and ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mvp_real.training.rl.vector_environment import Array


@dataclass
class EpisodeStatistics:
    """Returns and lengths of running episodes, and of those that ended since the last `take`."""

    environments: int
    running_return: Array = field(init=False)
    running_length: Array = field(init=False)
    returns: list[float] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    falls: int = 0
    metrics: dict[str, list[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.running_return = np.zeros(self.environments)
        self.running_length = np.zeros(self.environments, np.int64)

    def add(self, reward: Array, terminated: Array, finished: Array, metrics: Mapping[str, Any]) -> None:
        """Account for one step."""
        self.running_return += reward
        self.running_length += 1
        if finished.any():
            self.returns += self.running_return[finished].tolist()
            self.lengths += self.running_length[finished].tolist()
            self.falls += int(terminated.sum())
            self.running_return[finished] = 0.0
            self.running_length[finished] = 0
        for name, value in metrics.items():
            self.metrics.setdefault(name, []).append(float(np.mean(value)))

    def take(self) -> dict[str, float]:
        """Figures since the last call; episode figures are absent when none ended."""
        row: dict[str, float] = {"episodes": len(self.returns), "falls": self.falls}
        if self.returns:
            row["episode_return"] = float(np.mean(self.returns))
            row["episode_length"] = float(np.mean(self.lengths))
        row |= {name: float(np.mean(values)) for name, values in self.metrics.items()}
        self.returns, self.lengths, self.falls, self.metrics = [], [], 0, {}
        return row
