"""Our environments for rsl_rl, so that the trainer of legged robots can be run on the same task."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from mvp_real.errors import require
from mvp_real.training.rl.vector_environment import Observations, VectorEnvironment


class RslRlEnvironment:
    """What rsl_rl (5.5) calls a VecEnv.

    Observation groups are "observation" (N, O) and "state" (N, S); a configuration maps them, for example
    `obs_groups: {actor: [observation], critic: [state]}`. rsl_rl bootstraps time-outs with the value before the step.

    Args:
        environment: The robots; they are reset here, because rsl_rl does not.
        max_episode_length: Steps until a time-out, for rsl_rl's own use.
        device: Where tensors are wanted.

    Attributes:
        episode_length_buf: Steps since the beginning of each episode, (N,); what rsl_rl writes into it changes nothing
            in the environment.
    """

    def __init__(
        self, environment: VectorEnvironment, max_episode_length: int, device: torch.device | str = "cpu"
    ) -> None:
        self._tensordict = require("tensordict", "rsl-rl")
        self.environment, self.max_episode_length, self.device = environment, max_episode_length, device
        self.num_envs, self.num_actions = environment.num_envs, environment.action_size
        self.episode_length_buf = torch.zeros(self.num_envs, dtype=torch.int64, device=device)
        self.cfg: dict[str, Any] = {}
        self._current = environment.reset()

    def get_observations(self) -> Any:
        """A TensorDict of the present observations."""
        return self._groups(self._current)

    def step(self, actions: Tensor) -> tuple[Any, Tensor, Tensor, dict[str, Any]]:
        """One control step with actions (N, A).

        Returns:
            Observations, rewards (N,), dones (N,), and extras: `time_outs` (N,) and `log`.
        """
        outcome = self.environment.step(actions.detach().cpu().numpy())
        terminated = np.asarray(outcome.terminated, bool)
        truncated = np.asarray(outcome.truncated, bool) & ~terminated
        self._current = outcome.observations
        done = torch.from_numpy(terminated | truncated).to(self.device)
        self.episode_length_buf = torch.where(done, 0, self.episode_length_buf + 1)
        metrics = outcome.info.get("metrics", {})
        extras = {
            "time_outs": torch.from_numpy(truncated).to(self.device),
            "log": {f"/{name}": float(np.mean(value)) for name, value in metrics.items()},
        }
        return self._groups(self._current), self._tensor(outcome.reward), done, extras

    def _groups(self, seen: Observations) -> Any:
        groups = {"observation": self._tensor(seen.observation), "state": self._tensor(seen.state)}
        return self._tensordict.TensorDict(groups, batch_size=[self.num_envs], device=self.device)

    def _tensor(self, values: Any) -> Tensor:
        return torch.from_numpy(np.array(values, np.float32)).to(self.device)
