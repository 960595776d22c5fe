"""Collecting experience: one rollout of every environment into contiguous buffers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mvp_real.networks.gaussian import log_probability
from mvp_real.networks.gaussian_actor import GaussianActor
from mvp_real.training.rl.vector_environment import Array, Observations, VectorEnvironment, final_rows


@dataclass
class Rollout:
    """T steps of N environments, float32 unless said otherwise.

    Attributes:
        observation, state: (T, N, O), (T, N, S), before the step.
        action, mean: Sampled and mean action, (T, N, A).
        log_std: Of the policy that acted, (A,).
        log_probability: Of the action, (T, N).
        reward: (T, N).
        terminated, truncated: (T, N) bool.
        last_state: After the last step, (N, S).
        final_state: Last states of the episodes that ran out of time, (K, S), and `final_index` (K,), which step
            (flat index t * N + n) each of them followed.
    """

    observation: Tensor
    state: Tensor
    action: Tensor
    mean: Tensor
    log_std: Tensor
    log_probability: Tensor
    reward: Tensor
    terminated: Tensor
    truncated: Tensor
    last_state: Tensor
    final_state: Tensor
    final_index: Tensor


@dataclass(frozen=True)
class CurrentObservations:
    """Observations read back from a checkpoint."""

    observation: Array
    state: Array


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

    def add(self, reward: Array, terminated: Array, finished: Array, metrics: dict[str, Any]) -> None:
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


class Collector:
    """Steps the environments with a policy; goes on where the last rollout ended."""

    def __init__(
        self, environment: VectorEnvironment, steps: int, device: torch.device, generator: torch.Generator
    ) -> None:
        self.environment, self.steps, self.device, self.generator = environment, steps, device, generator
        self.statistics = EpisodeStatistics(environment.num_envs)
        self.observations: Observations | None = None

    def save_state(self) -> dict[str, Any]:
        """Running episodes, current observations and, if the environment can give it, its own state."""
        statistics, current = self.statistics, self.observations
        random_state = getattr(self.environment, "random_state", None)
        return {
            "running_return": statistics.running_return,
            "running_length": statistics.running_length,
            "observation": None if current is None else np.asarray(current.observation),
            "state": None if current is None else np.asarray(current.state),
            "environment": None if random_state is None or current is None else random_state(),
        }

    def load_state(self, saved: dict[str, Any]) -> None:
        """Go on from `save_state`; an environment that cannot restore its robots begins new episodes."""
        self.observations = None
        if saved["environment"] is None:
            return
        restored = self.environment.restore(saved["environment"])  # type: ignore[attr-defined]
        if restored is not None:
            self.observations = CurrentObservations(saved["observation"], saved["state"])
            self.statistics.running_return = saved["running_return"]
            self.statistics.running_length = saved["running_length"]

    @torch.no_grad()
    def collect(self, actor: GaussianActor) -> Rollout:
        """T steps with actions drawn from the policy."""
        environment, steps = self.environment, self.steps
        robots, actions = environment.num_envs, environment.action_size
        observation = np.empty((steps, robots, environment.observation_size), np.float32)
        state = np.empty((steps, robots, environment.state_size), np.float32)
        reward = np.empty((steps, robots), np.float32)
        terminated = np.empty((steps, robots), bool)
        truncated = np.empty((steps, robots), bool)
        action = torch.empty(steps, robots, actions, device=self.device)
        mean = torch.empty_like(action)
        final_states, final_indices = [], []
        std = actor.log_std.exp()
        current = environment.reset() if self.observations is None else self.observations
        for step in range(steps):
            observation[step], state[step] = current.observation, current.state
            seen = observation[step] if actor.source == "observation" else state[step]
            mean[step] = actor(torch.from_numpy(seen).to(self.device))
            noise = torch.randn(robots, actions, generator=self.generator)
            action[step] = mean[step] + std * noise.to(self.device)
            outcome = environment.step(action[step].cpu().numpy())
            reward[step], terminated[step] = outcome.reward, outcome.terminated
            # A fall in the last permitted step is a fall.
            truncated[step] = outcome.truncated & ~terminated[step]
            finished = terminated[step] | truncated[step]
            if truncated[step].any():
                rows = final_rows(outcome.info, "final_state", finished, truncated[step])
                final_states.append(np.asarray(rows, np.float32))
                final_indices.append(step * robots + np.flatnonzero(truncated[step]))
            self.statistics.add(
                outcome.reward, terminated[step], finished, dict(outcome.info.get("metrics", {}))
            )
            current = outcome.observations
        self.observations = current
        return Rollout(
            observation=torch.from_numpy(observation).to(self.device),
            state=torch.from_numpy(state).to(self.device),
            action=action,
            mean=mean,
            log_std=actor.log_std.detach().clone(),
            log_probability=log_probability(action, mean, actor.log_std),
            reward=torch.from_numpy(reward).to(self.device),
            terminated=torch.from_numpy(terminated).to(self.device),
            truncated=torch.from_numpy(truncated).to(self.device),
            last_state=torch.from_numpy(np.array(current.state, np.float32)).to(self.device),
            final_state=torch.from_numpy(
                np.concatenate(final_states) if final_states else np.empty((0, state.shape[-1]), np.float32)
            ).to(self.device),
            final_index=torch.from_numpy(
                np.concatenate(final_indices) if final_indices else np.empty(0, np.int64)
            ).to(self.device),
        )
