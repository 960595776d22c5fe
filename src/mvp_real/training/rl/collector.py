"""Collecting experience: steps all environments with a policy and goes on where the last rollout ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mvp_real.networks.gaussian import log_probability
from mvp_real.networks.gaussian_actor import GaussianActor
from mvp_real.training.rl.distributed import Replicas
from mvp_real.training.rl.episode_statistics import EpisodeStatistics
from mvp_real.training.rl.history import TokenHistory
from mvp_real.training.rl.rollout import Rollout
from mvp_real.training.rl.vector_environment import Array, Observations, Step, VectorEnvironment, final_rows


@dataclass(frozen=True)
class CurrentObservations:
    """Observations read back from a checkpoint."""

    observation: Array
    state: Array


class Collector:
    """Makes rollouts.

    Args:
        environment: The robots.
        steps: T.
        device: Of the networks and of the rollouts.
        generator: Of the action noise.
        window: Tokens that the policy sees; 0 for a policy without a window.
        replicas: Processes that collect together.
    """

    def __init__(
        self,
        environment: VectorEnvironment,
        steps: int,
        device: torch.device,
        generator: torch.Generator,
        window: int = 0,
        replicas: Replicas | None = None,
    ) -> None:
        self.environment, self.steps, self.device, self.generator = environment, steps, device, generator
        self.replicas = replicas or Replicas()
        self.statistics = EpisodeStatistics(environment.num_envs)
        self.observations: Observations | None = None
        self.window = window
        self.history = self._new_history()

    def _new_history(self) -> TokenHistory | None:
        environment = self.environment
        if not self.window:
            return None
        return TokenHistory(
            self.window, environment.num_envs, environment.observation_size, environment.action_size
        )

    def save_state(self) -> dict[str, Any]:
        """Running episodes, current observations and, if the environment can give it, its own state."""
        statistics, current = self.statistics, self.observations
        random_state = getattr(self.environment, "random_state", None)
        return {
            "running_return": statistics.running_return,
            "running_length": statistics.running_length,
            "observation": None if current is None else np.asarray(current.observation),
            "state": None if current is None else np.asarray(current.state),
            "history": None if self.history is None else self.history.save_state(),
            "environment": None if random_state is None or current is None else random_state(),
        }

    def load_state(self, saved: dict[str, Any]) -> None:
        """Go on from `save_state`; an environment that cannot restore its robots begins new episodes."""
        self.observations = None
        if saved["environment"] is None:
            return
        restored = self.environment.restore(saved["environment"])  # type: ignore[attr-defined]
        if restored is None:
            return
        self.observations = CurrentObservations(saved["observation"], saved["state"])
        self.statistics.running_return = saved["running_return"]
        self.statistics.running_length = saved["running_length"]
        if self.history is not None and saved["history"] is not None:
            self.history.load_state(saved["history"])

    def current(self) -> Observations:
        """What the robots see now; begins their episodes on the first call. Puts the token of now into the history."""
        if self.observations is None:
            self.observations = self.environment.reset()
            self.history = self._new_history()
        if self.history is not None:
            self.history.add(np.asarray(self.observations.observation))
        return self.observations

    def seen(self, source: str, current: Observations) -> tuple[Tensor, Tensor | None]:
        """What a policy on `source` sees now, and the mask of a window."""
        if source == "tokens":
            assert self.history is not None
            window, mask = self.history.windows()
            return torch.from_numpy(window).to(self.device), torch.from_numpy(mask).to(self.device)
        values = current.observation if source == "observation" else current.state
        return torch.from_numpy(np.array(values, np.float32)).to(self.device), None

    def act(self, action: Array) -> tuple[Step, NDArray[np.bool_], NDArray[np.bool_]]:
        """One control step; returns what it gave, who fell and whose time ran out."""
        outcome = self.environment.step(action)
        terminated = np.asarray(outcome.terminated, bool)
        # A fall in the last permitted step is a fall.
        truncated = np.asarray(outcome.truncated, bool) & ~terminated
        finished = terminated | truncated
        if self.history is not None:
            self.history.sent(outcome.info.get("sent_action", action), finished)
        self.statistics.add(outcome.reward, terminated, finished, outcome.info.get("metrics", {}))
        self.observations = outcome.observations
        return outcome, terminated, truncated

    @torch.no_grad()
    def collect(self, actor: GaussianActor) -> Rollout:
        """T steps with actions drawn from the policy."""
        environment, steps = self.environment, self.steps
        robots, actions = environment.num_envs, environment.action_size
        observation = np.empty((steps, robots, environment.observation_size), np.float32)
        state = np.empty((steps, robots, environment.state_size), np.float32)
        reward = np.empty((steps, robots), np.float32)
        terminated, truncated = np.empty((2, steps, robots), bool)
        action, mean = torch.empty(2, steps, robots, actions, device=self.device)
        probability = torch.empty(steps, robots, device=self.device)
        final_states, final_indices = [np.empty((0, state.shape[-1]), np.float32)], [np.empty(0, np.int64)]
        past = max(self.window - 1, 0)
        tokens = age = None
        if self.history is not None:
            tokens = np.empty((past + steps, robots, self.history.tokens.shape[-1]), np.float32)
            age = np.zeros((past + steps, robots), np.int64)
            tokens[:past] = self.history.tokens[1:]
        std = actor.log_std.exp()
        for step in range(steps):
            current = self.current()
            observation[step], state[step] = current.observation, current.state
            if self.history is not None and tokens is not None and age is not None:
                tokens[past + step], age[past + step] = self.history.tokens[-1], self.history.age
            seen, mask = self.seen(actor.source, current)
            flip = actor.frame(seen)
            prepared = actor.normaliser(actor.input_in_frame(seen, flip))
            own_mean = actor.network(prepared) if mask is None else actor.network(prepared, mask)
            own_action = own_mean + std * self.replicas.noise(robots, actions, self.generator).to(self.device)
            probability[step] = log_probability(own_action, own_mean, actor.log_std)
            mean[step] = actor.action_in_frame(own_mean, flip)
            action[step] = actor.action_in_frame(own_action, flip)
            outcome, terminated[step], truncated[step] = self.act(action[step].cpu().numpy())
            reward[step] = outcome.reward
            if truncated[step].any():
                finished = terminated[step] | truncated[step]
                rows = final_rows(outcome.info, "final_state", finished, truncated[step])
                final_states.append(np.asarray(rows, np.float32))
                final_indices.append(step * robots + np.flatnonzero(truncated[step]))
        assert self.observations is not None

        def there(array: Array) -> Tensor:
            return torch.from_numpy(array).to(self.device)

        return Rollout(
            observation=there(observation),
            state=there(state),
            action=action,
            mean=mean,
            log_std=actor.log_std.detach().clone(),
            log_probability=probability,
            reward=there(reward),
            terminated=there(terminated),
            truncated=there(truncated),
            last_state=there(np.array(self.observations.state, np.float32)),
            final_state=there(np.concatenate(final_states)),
            final_index=there(np.concatenate(final_indices)),
            tokens=None if tokens is None else there(tokens),
            age=None if age is None else there(age),
        )
