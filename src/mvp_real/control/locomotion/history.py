"""The policy's context: the last 16 tokens, padded on the left with tokens that the network must not look at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mvp_real.control.locomotion.spaces import ACTION_SIZE, OBSERVATION_SIZE, TOKEN_SIZE, WINDOW
from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray


class History:
    """Window of tokens, oldest first (Xiao 2023, sec. 6.3.1). A token is an observation and the action *sent* before.

    The whole window is handed to the network anew at each step: positions belong to places in the window, so nothing
    that was computed for a token stays valid when the window moves on.

    Args:
        window: Number of tokens.

    Attributes:
        tokens: (window, 102) float32; padding is zero, and masked.
        mask: (window,) float32, 1 for a token and 0 for padding.
    """

    def __init__(self, window: int = WINDOW) -> None:
        self.tokens: NDArray[np.float32] = np.zeros((window, TOKEN_SIZE), dtype=np.float32)
        self.mask: NDArray[np.float32] = np.zeros(window, dtype=np.float32)

    def __len__(self) -> int:
        """Number of real tokens."""
        return int(self.mask.sum())

    @property
    def full(self) -> bool:
        """Whether nothing is padded any more."""
        return bool(self.mask[0])

    def clear(self) -> None:
        """Forget everything: at a reset, when the policy is engaged, and whenever it loses control of the robot."""
        self.tokens[:] = 0.0
        self.mask[:] = 0.0

    def append(self, observation: FloatArray, action_sent: FloatArray) -> None:
        """Add the newest token and drop the oldest.

        Args:
            observation: (66,) of this tick.
            action_sent: (36,) action that was sent at the tick before, after every limit.

        Raises:
            MvpRealError: A wrong shape, or a value that is not finite: it would stay in the window for 16 ticks.
        """
        if observation.shape != (OBSERVATION_SIZE,) or action_sent.shape != (ACTION_SIZE,):
            raise MvpRealError(
                f"a token is an observation ({OBSERVATION_SIZE},) and an action ({ACTION_SIZE},), got "
                f"{observation.shape} and {action_sent.shape}"
            )
        token = np.concatenate([observation, action_sent])
        if not np.isfinite(token).all():
            raise MvpRealError(f"entry {int(np.argmin(np.isfinite(token)))} of the token is not finite")
        self.tokens[:-1] = self.tokens[1:]
        self.mask[:-1] = self.mask[1:]
        self.tokens[-1] = token
        self.mask[-1] = 1.0
