"""A walking policy at work: window of tokens to action, in a fraction of a millisecond on one thread."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mvp_real.bundle import BundleError
from mvp_real.inference.latency import StartupLatency, measure
from mvp_real.inference.runtime import OnnxModel, RuntimeOptions
from mvp_real.inference.session import card_of_kind
from mvp_real.messages import FloatArray

# More calls than for a camera's encoder: at 50 Hz the tail counts, and it costs a tenth of a second.
MEASURED_CALLS = 200


class LocomotionSession:
    """A locomotion bundle, ready to run.

    One thread, which does not spin: a second one would not be faster and could stall for several ticks when the
    computer is busy (specs: a policy of 1.7 M parameters takes half a millisecond).

    Args:
        directory: A locomotion bundle.

    Raises:
        BundleError: No locomotion bundle, or an altered file.
    """

    def __init__(self, directory: Path) -> None:
        self.card = card_of_kind(Path(directory), "locomotion")
        self._tokens = self.card.tensor("tokens").shape
        self._mask = self.card.tensor("mask").shape
        model = Path(directory) / self.card.model.file
        self._model = OnnxModel(model, self.card.inputs, self.card.outputs, RuntimeOptions(threads=1))

    def __call__(self, tokens: NDArray[np.float32], mask: NDArray[np.float32]) -> FloatArray:
        """Action (36,), not clipped.

        Args:
            tokens: (16, 102) observations with the actions before them, oldest first.
            mask: (16,) 1 for a token, 0 for padding.

        Raises:
            BundleError: A shape is not that of the card.
        """
        action: FloatArray = self.batch(tokens[None], mask[None])[0]
        return action

    def batch(self, tokens: NDArray[np.float32], mask: NDArray[np.float32]) -> FloatArray:
        """Actions (N, 36) of N robots, for tokens (N, 16, 102) and masks (N, 16).

        Raises:
            BundleError: A shape is not that of the card.
        """
        if tokens.shape[1:] != self._tokens or mask.shape[1:] != self._mask or len(tokens) != len(mask):
            raise BundleError(
                f"walking policy '{self.card.name}' takes tokens {self._tokens} and a mask {self._mask}, "
                f"got {tokens.shape[1:]} and {mask.shape[1:]}"
            )
        actions: FloatArray = self._model({"tokens": tokens, "mask": mask})[0].astype(np.float64)
        return actions

    def warm_up(self) -> StartupLatency:
        """Time of 200 warm calls."""
        tokens = np.zeros(self._tokens, dtype=np.float32)
        mask = np.ones(self._mask, dtype=np.float32)
        return measure(f"walking policy '{self.card.name}'", lambda: self(tokens, mask), MEASURED_CALLS)
