"""What can walk: an ONNX bundle with its window of tokens, the same with its history tampered with, open loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mvp_real.control.locomotion.history import History
from mvp_real.inference.locomotion import LocomotionSession
from mvp_real.messages import FloatArray

Tokens = NDArray[np.float32]
Mask = NDArray[np.float32]


class WalkPolicy(Protocol):
    """Anything that walks N robots."""

    def __call__(
        self, observation: FloatArray, previous_action: FloatArray, reset: NDArray[np.bool_]
    ) -> FloatArray:
        """Actions (N, 36).

        Args:
            observation: (N, 66).
            previous_action: (N, 36) that was sent one step before; zero at a reset.
            reset: (N,) whether an episode begins, so that what is remembered is forgotten.
        """
        ...


class BundlePolicy:
    """A locomotion bundle on N robots, with the session and the window of the node.

    Args:
        session: The loaded bundle.
        history: What the policy gets to see of the past, a key of `HISTORIES`.
    """

    def __init__(self, session: LocomotionSession, history: str = "full") -> None:
        self._session = session
        self._make_history = HISTORIES[history]
        self._windows: list[History] = []

    def __call__(
        self, observation: FloatArray, previous_action: FloatArray, reset: NDArray[np.bool_]
    ) -> FloatArray:
        """Actions (N, 36)."""
        if len(self._windows) != len(observation):
            self._windows = [History() for _ in observation]
            self._tamper = self._make_history()
        for window, one, sent, begins in zip(self._windows, observation, previous_action, reset, strict=True):
            if begins:
                window.clear()
            window.append(one, sent)
        tokens = np.stack([window.tokens for window in self._windows])
        mask = np.stack([window.mask for window in self._windows])
        return self._session.batch(*self._tamper(tokens, mask))


class FullHistory:
    """The window as it is."""

    def __call__(self, tokens: Tokens, mask: Mask) -> tuple[Tokens, Mask]:
        """(N, W, 102) tokens and (N, W) mask, unchanged."""
        return tokens, mask


class NoHistory:
    """Only the newest token: all others are masked, as at the start of an episode."""

    def __call__(self, tokens: Tokens, mask: Mask) -> tuple[Tokens, Mask]:
        """(N, W, 102) tokens and (N, W) mask with all but the last masked."""
        tokens, mask = tokens.copy(), mask.copy()
        tokens[:, :-1], mask[:, :-1] = 0.0, 0.0
        return tokens, mask


class ShuffledHistory:
    """The older tokens in random order, another one at every step: what happened is there, but not when."""

    def __init__(self) -> None:
        self._random = np.random.default_rng(0)

    def __call__(self, tokens: Tokens, mask: Mask) -> tuple[Tokens, Mask]:
        """(N, W, 102) tokens with real ones but the newest permuted; the (N, W) mask stays."""
        tokens = tokens.copy()
        window = tokens.shape[1]
        for one, real in zip(tokens, mask, strict=True):
            first = window - int(real.sum())
            one[first:-1] = one[first + self._random.permutation(window - 1 - first)]
        return tokens, mask


class FrozenHistory:
    """The older tokens are for ever those of the first full window; the newest is real."""

    def __init__(self) -> None:
        self._kept: Tokens | None = None
        self._have: NDArray[np.bool_] | None = None

    def __call__(self, tokens: Tokens, mask: Mask) -> tuple[Tokens, Mask]:
        """(N, W, 102) tokens whose older part stays as it was when the window was first full."""
        tokens = tokens.copy()
        if self._kept is None or self._have is None:
            self._kept, self._have = np.zeros_like(tokens[:, :-1]), np.zeros(len(tokens), dtype=bool)
        full = mask[:, 0] > 0.0
        self._have &= full  # an episode that begins anew fills its window anew
        new = full & ~self._have
        self._kept[new] = tokens[new, :-1]
        self._have |= full
        tokens[self._have, :-1] = self._kept[self._have]
        return tokens, mask


HISTORIES: dict[str, Callable[[], Callable[[Tokens, Mask], tuple[Tokens, Mask]]]] = {
    "full": FullHistory,
    "window_1": NoHistory,
    "shuffled": ShuffledHistory,
    "frozen": FrozenHistory,
}
ABOUT_HISTORY = {
    "full": "",
    "window_1": "The policy sees only the newest token.",
    "shuffled": "The older tokens of the window come in random order, a new one at every step.",
    "frozen": "The older tokens of the window stay those of the first 0.3 s.",
}
