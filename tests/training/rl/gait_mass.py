"""A toy that is left-right symmetric with a clock: two legs that take turns, as the gait of a robot."""

from __future__ import annotations

import numpy as np

from mvp_real.training.rl.mirroring import MirrorFunctions
from tests.training.rl.point_mass import Outcome, Seen

TICKS = 8


def mirror_observation(x: np.ndarray) -> np.ndarray:
    """Legs change sides; half a period later."""
    return x[..., [1, 0, 2, 3]] * np.array([1.0, 1.0, -1.0, -1.0])


def mirror_state(x: np.ndarray) -> np.ndarray:
    """The sideways load changes its sign too."""
    return np.concatenate([mirror_observation(x[..., :4]), -x[..., 4:]], axis=-1)


def mirror_action(x: np.ndarray) -> np.ndarray:
    """Legs change sides."""
    return x[..., ::-1]


class GaitMass:
    """Lift the left leg in the first half of the period and the right one in the second.

    Observation (4): heights of both legs, sine and cosine of the phase. State (5): these and a sideways load that pulls
    one leg up and the other down. Action (2): where the legs are to go.
    """

    mirror = MirrorFunctions(mirror_observation, mirror_action, (2, 3), mirror_state, (2, 3))

    def __init__(self, num_envs: int = 16, seed: int = 0) -> None:
        self.num_envs, self.observation_size, self.state_size, self.action_size = num_envs, 4, 5, 2
        self.random = np.random.default_rng(seed)
        self.legs, self.load = np.zeros((num_envs, 2)), np.zeros((num_envs, 1))
        self.tick = np.zeros(num_envs, np.int64)

    def seen(self) -> Seen:
        phase = 2 * np.pi * self.tick / TICKS
        observation = np.column_stack([self.legs, np.sin(phase), np.cos(phase)])
        return Seen(observation, np.concatenate([observation, self.load], axis=1))

    def reset(self) -> Seen:
        self.load = self.random.uniform(-0.3, 0.3, (self.num_envs, 1))
        self.tick = self.random.integers(0, TICKS, self.num_envs)
        self.legs[:] = 0.0
        return self.seen()

    def wanted(self) -> np.ndarray:
        left = (self.tick % TICKS < TICKS // 2).astype(float)
        return np.stack([left, 1.0 - left], axis=1)

    def step(self, action: np.ndarray) -> Outcome:
        self.legs = 0.5 * self.legs + 0.5 * (action + self.load * np.array([1.0, -1.0]))
        reward = 1.0 - ((self.legs - self.wanted()) ** 2).sum(axis=1)
        self.tick = self.tick + 1
        none = np.zeros(self.num_envs, bool)
        return Outcome(self.seen(), reward, none, none, {})

    def reference_action(self, observation: np.ndarray) -> np.ndarray:
        """What to do without looking at the legs."""
        left = (observation[:, 2] + 1e-3 * observation[:, 3] > 0.0).astype(np.float32)
        return np.stack([left, 1.0 - left], axis=1)
