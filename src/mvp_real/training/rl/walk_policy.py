"""A policy in training as anything that walks robots: numpy in, mean actions out, with a window of its own."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray
from mvp_real.networks.gaussian_actor import GaussianActor
from mvp_real.training.rl.history import TokenHistory


class TorchWalkPolicy:
    """Mean actions of N robots, for the gate of the evaluation and for looking at a run.

    Args:
        actor: On observations or on tokens.

    Raises:
        MvpRealError: The actor reads the privileged state, which no robot has.
    """

    def __init__(self, actor: GaussianActor) -> None:
        if actor.source == "state":
            raise MvpRealError(
                "this policy reads the privileged state, which only the environment of training has; look at it there "
                "(model: full), or distil it into a policy on tokens first"
            )
        self._actor = actor
        self._history: TokenHistory | None = None

    @torch.no_grad()
    def __call__(
        self, observation: FloatArray, previous_action: FloatArray, reset: NDArray[np.bool_]
    ) -> FloatArray:
        """Actions (N, A), not clipped.

        Args:
            observation: (N, O).
            previous_action: (N, A) that was sent one step before.
            reset: (N,) whether an episode begins, so that the window is emptied.
        """
        if self._actor.source == "observation":
            actions = self._actor(torch.from_numpy(observation.astype(np.float32)))
        else:
            window, mask = self._windows(observation, previous_action, reset)
            actions = self._actor(torch.from_numpy(window), torch.from_numpy(mask))
        return np.asarray(actions.numpy(), dtype=np.float64)

    def _windows(
        self, observation: FloatArray, previous_action: FloatArray, reset: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        robots, size = observation.shape
        if self._history is None or self._history.tokens.shape[1] != robots:
            window = int(self._actor.network.window)  # type: ignore[arg-type]
            self._history = TokenHistory(window, robots, size, previous_action.shape[1])
        self._history.sent(previous_action, reset)
        self._history.add(observation)
        return self._history.windows()
