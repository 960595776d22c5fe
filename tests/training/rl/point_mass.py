"""Toy environments that PPO solves in seconds: a point mass with falls and time-outs, exact to restore."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

LENGTH = 40
EDGE = 2.0


@dataclass(frozen=True)
class Seen:
    observation: np.ndarray
    state: np.ndarray


@dataclass(frozen=True)
class Outcome:
    observations: Seen
    reward: np.ndarray
    terminated: np.ndarray
    truncated: np.ndarray
    info: dict[str, Any]


@dataclass
class PointMass:
    """Bring a mass to the origin by pushing it; beyond the edge it falls. The drift is only in the state.

    Observation (4): position and velocity. State (6): these and the drift. Action (2): acceleration.
    """

    num_envs: int = 16
    seed: int = 0
    first: int = 0  # number of the first mass, when several processes share them
    observation_size: int = field(default=4, init=False)
    state_size: int = field(default=6, init=False)
    action_size: int = field(default=2, init=False)

    def __post_init__(self) -> None:
        self.random = [np.random.default_rng([self.seed, self.first + n]) for n in range(self.num_envs)]
        self.position, self.velocity, self.drift = (np.zeros((self.num_envs, 2)) for _ in range(3))
        self.age = np.zeros(self.num_envs, np.int64)

    def begin(self, chosen: np.ndarray) -> None:
        for number in np.flatnonzero(chosen):
            random = self.random[number]
            self.position[number], self.velocity[number] = random.uniform(-1, 1, 2), 0.0
            self.drift[number] = random.uniform(-0.3, 0.3, 2)
            self.age[number] = 0

    def seen(self) -> Seen:
        observation = np.concatenate([self.position, self.velocity], axis=1)
        return Seen(observation, np.concatenate([observation, self.drift], axis=1))

    def reset(self) -> Seen:
        self.begin(np.ones(self.num_envs, bool))
        return self.seen()

    def step(self, action: np.ndarray) -> Outcome:
        sent = np.clip(action, -1.0, 1.0)
        self.velocity = 0.9 * self.velocity + 0.2 * (sent + self.drift)
        self.position = self.position + 0.2 * self.velocity
        self.age += 1
        terminated = np.abs(self.position).max(axis=1) > EDGE
        truncated = self.age >= LENGTH
        reward = 1.0 - (self.position**2).sum(axis=1) - 0.05 * (sent**2).sum(axis=1) - 5.0 * terminated
        final = self.seen()
        self.begin(terminated | truncated)
        info = {
            "final_observation": final.observation,
            "final_state": final.state,
            "sent_action": sent,
            "metrics": {"distance": np.linalg.norm(final.observation[:, :2], axis=1)},
        }
        return Outcome(self.seen(), reward, terminated, truncated, info)

    def random_state(self) -> dict[str, Any]:
        return {
            "random": [random.bit_generator.state for random in self.random],
            "bodies": {"position": self.position, "velocity": self.velocity, "drift": self.drift},
            "age": self.age,
        }

    def restore(self, state: dict[str, Any]) -> Seen:
        for random, saved in zip(self.random, state["random"], strict=True):
            random.bit_generator.state = saved
        for name, value in state["bodies"].items():
            setattr(self, name, value.copy())
        self.age = state["age"].copy()
        return self.seen()
