"""Bundles at work: the frozen encoder from camera image to tokens, the controller from tokens to action."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mvp_real.bundle import BundleError, Card, load_card
from mvp_real.cameras.preprocessing import CAMERA_HEIGHT, CAMERA_WIDTH, Preprocessing
from mvp_real.inference.latency import StartupLatency, measure
from mvp_real.inference.runtime import OnnxModel, RuntimeOptions
from mvp_real.messages import FloatArray


class EncoderSession:
    """A frozen visual encoder, ready to run.

    Args:
        directory: An encoder bundle.
        threads: Threads inside one operation on the CPU.
        provider: "cpu", "cuda" or "tensorrt"; never replaced by another one.
        options: All options of the runtime; then `threads` and `provider` are ignored.

    Raises:
        BundleError: No encoder bundle, an altered file, or another image path than this version's.
        MvpRealError: The provider is not there.
    """

    def __init__(
        self,
        directory: Path,
        threads: int = 1,
        provider: str = "cpu",
        options: RuntimeOptions | None = None,
    ) -> None:
        self.card = card_of_kind(directory, "encoder")
        assert self.card.image is not None  # the card itself checks this for encoders
        self.preprocessing = Preprocessing.from_card(self.card.image)
        self._output = self.card.tensor("tokens")
        if self.card.tensor("image").shape != (3, self.preprocessing.size, self.preprocessing.size):
            raise BundleError(
                f"encoder '{self.card.name}' takes {self.card.tensor('image').shape}, "
                f"but its image path makes {self.preprocessing.size} px; export the bundle again"
            )
        options = options or RuntimeOptions(provider=provider, threads=threads)
        self._model = OnnxModel(
            Path(directory) / self.card.model.file, self.card.inputs, self.card.outputs, options
        )

    @property
    def provider(self) -> str:
        """ONNX Runtime's name of the provider in use."""
        return self._model.provider

    @property
    def token_shape(self) -> tuple[int, int]:
        """T and D of the tokens."""
        count, width = self._output.shape
        return count, width

    def __call__(self, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Tokens (T, D) of a (480, 640, 3) uint8 RGB image of the wrist camera."""
        tokens: NDArray[np.float32] = self._model({"image": self.preprocessing(rgb)[None]})[0][0]
        return tokens

    def warm_up(self) -> StartupLatency:
        """Time of 50 warm calls including the image path."""
        image = np.zeros((CAMERA_HEIGHT, CAMERA_WIDTH, 3), dtype=np.uint8)
        return measure(f"encoder '{self.card.name}'", lambda: self(image))


class ControllerSession:
    """The controller of one task, ready to run.

    Args:
        directory: A controller bundle.
        threads: Threads inside one operation.

    Raises:
        BundleError: No controller bundle, or an altered file.
    """

    def __init__(self, directory: Path, threads: int = 1) -> None:
        self.card = card_of_kind(directory, "controller")
        self._feature = self.card.tensor("feature").shape
        self._proprioception = self.card.tensor("proprioception").shape
        # The head is a few matrices: a GPU would only add the way there and back.
        self._model = OnnxModel(
            Path(directory) / self.card.model.file,
            self.card.inputs,
            self.card.outputs,
            RuntimeOptions(threads=threads),
        )

    @property
    def feature_shape(self) -> tuple[int, ...]:
        """Shape of the feature that it was trained on: (T, D), whatever the encoder."""
        return self._feature

    def __call__(self, tokens: NDArray[np.float32], proprioception: FloatArray) -> FloatArray:
        """Action (8,): seven joint deltas in rad and the scaled gripper change.

        Args:
            tokens: (T, D) feature of the image.
            proprioception: (8,) joint angles in rad and the gripper's open flag.

        Raises:
            BundleError: A shape is not that of the card.
        """
        if tokens.shape != self._feature or proprioception.shape != self._proprioception:
            raise BundleError(
                f"controller '{self.card.name}' takes a feature {self._feature} and proprioception "
                f"{self._proprioception}, got {tokens.shape} and {proprioception.shape}; "
                "check the encoder it runs with"
            )
        feeds = {
            "feature": np.ascontiguousarray(tokens[None], dtype=np.float32),
            "proprioception": np.ascontiguousarray(proprioception[None], dtype=np.float32),
        }
        action: FloatArray = self._model(feeds)[0][0].astype(np.float64)
        return action

    def warm_up(self) -> StartupLatency:
        """Time of 50 warm calls."""
        tokens = np.zeros(self._feature, dtype=np.float32)
        state = np.zeros(self._proprioception)
        return measure(f"controller '{self.card.name}'", lambda: self(tokens, state))


def card_of_kind(directory: Path, kind: str) -> Card:
    """The card of a bundle, verified.

    Raises:
        BundleError: Another kind, or an altered file.
    """
    card = load_card(Path(directory))
    if card.kind != kind:
        raise BundleError(
            f"'{directory}' is a bundle of kind '{card.kind}', but one of kind '{kind}' is needed"
        )
    return card
