"""The last tokens of every robot, as the robot itself keeps them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mvp_real.training.rl.vector_environment import Array


class TokenHistory:
    """Tokens (observation, action sent before it) of N robots, W of them at most.

    Attributes:
        tokens: (W, N, O + A) float32, oldest first.
        age: Steps since the beginning of the episode of the newest token, (N,) int64; -1 before the first.
    """

    def __init__(self, window: int, robots: int, observation: int, action: int) -> None:
        self.tokens = np.zeros((window, robots, observation + action), np.float32)
        self.age = np.full(robots, -1, np.int64)
        self._sent = np.zeros((robots, action), np.float32)
        self._observation = observation

    @property
    def window(self) -> int:
        """W."""
        return len(self.tokens)

    def add(self, observation: Array) -> None:
        """The token of an observation (N, O), with the action that was sent before it; zeros if there was none."""
        self.tokens[:-1] = self.tokens[1:]
        self.tokens[-1, :, : self._observation] = observation
        self.tokens[-1, :, self._observation :] = self._sent
        self.age += 1

    def sent(self, action: Array, finished: NDArray[np.bool_]) -> None:
        """Remember the actions (N, A) that were really sent; robots that finished begin with an empty window."""
        self._sent[:] = action
        self._sent[finished] = 0.0
        self.age[finished] = -1

    def windows(self) -> tuple[Array, NDArray[np.bool_]]:
        """Windows (N, W, O + A) and masks (N, W), True where there is a token."""
        back = np.arange(self.window - 1, -1, -1)
        return np.ascontiguousarray(self.tokens.transpose(1, 0, 2)), back <= self.age[:, None]

    def save_state(self) -> dict[str, Array]:
        """For `load_state`."""
        return {"tokens": self.tokens, "age": self.age, "sent": self._sent}

    def load_state(self, saved: dict[str, Array]) -> None:
        """Go on from `save_state`."""
        self.tokens, self.age, self._sent = saved["tokens"], saved["age"], saved["sent"]
