"""Pixels and frozen features of demonstrations, computed once.

The encoder does not learn and frames are not augmented, so a feature depends only on the encoder's file, the
preprocessing and the frame. Each demonstration gets one memory-mapped `.npy` per (encoder, preprocessing, content).
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mvp_real.bundle import ORACLE, Card, load_card, sha256_of
from mvp_real.cameras.preprocessing import Preprocessing
from mvp_real.demos.reader import Demonstration
from mvp_real.errors import MvpRealError, require
from mvp_real.training.imitation.augmentation import VERSION, view_of

Tokens = NDArray[np.float32]
BATCH = 32


class PixelCache:
    """Preprocessed wrist images, (N, S, S, 3) uint8 per demonstration."""

    def __init__(self, root: Path, preprocessing: Preprocessing) -> None:
        self.preprocessing = preprocessing
        self._folder = root / "pixels" / preprocessing.hash()[:16]

    def __call__(self, demonstration: Demonstration, path: Path, view: int = 0) -> NDArray[np.uint8]:
        """Pixels of every step of the demonstration that `path` holds, in one view."""
        pixels = self._recorded(demonstration, path)
        return pixels if view == 0 else view_of(pixels, view, demonstration.id)

    def _recorded(self, demonstration: Demonstration, path: Path) -> NDArray[np.uint8]:
        file = self._folder / f"{demonstration.id}-{sha256_of(path)[:16]}.npy"
        if not file.is_file():
            pixels = np.stack([self.preprocessing.pixels(frame) for frame in demonstration.frames])
            _save(file, pixels)
        cached: NDArray[np.uint8] = np.load(file, mmap_mode="r", allow_pickle=False)
        return cached


class FeatureCache:
    """Tokens of a frozen encoder, (N, T, D) float32 per demonstration."""

    def __init__(self, root: Path, encoder: Path, threads: int = 1) -> None:
        """
        Args:
            root: Folder of the cache, e.g. `runs/cache`.
            encoder: Bundle folder of the encoder.
            threads: Threads of one forward pass.
        """
        self.card: Card = load_card(encoder)
        if self.card.kind != "encoder" or self.card.image is None:
            raise MvpRealError(f"bundle '{self.card.name}' is a {self.card.kind}, expected an encoder")
        self.preprocessing = Preprocessing.from_card(self.card.image)
        self._model = encoder / self.card.model.file
        self._threads = threads
        self._pixels = PixelCache(root, self.preprocessing)
        key = f"{self.card.model.sha256[:16]}-{self.preprocessing.hash()[:16]}"
        self._folder = root / "features" / key
        self._run: Callable[[NDArray[np.float32]], Tokens] | None = None

    def __call__(self, demonstration: Demonstration, path: Path, view: int = 0) -> Tokens:
        """Tokens of every step of the demonstration that `path` holds, in one view."""
        suffix = "" if view == 0 else f"-{view}-{zlib.crc32(VERSION.encode()):08x}"
        file = self._folder / f"{demonstration.id}-{sha256_of(path)[:16]}{suffix}.npy"
        if not file.is_file():
            _save(file, self.encode(self._pixels(demonstration, path, view)))
        cached: Tokens = np.load(file, mmap_mode="r", allow_pickle=False)
        return cached

    def encode(self, pixels: NDArray[np.uint8]) -> Tokens:
        """Tokens (N, T, D) of preprocessed images (N, S, S, 3)."""
        if self._run is None:
            self._run = _session(self._model, self._threads)
        parts = [
            self._run(self.preprocessing.normalise(pixels[start : start + BATCH]))
            for start in range(0, len(pixels), BATCH)
        ]
        return np.concatenate(parts)


def oracle_tokens(demonstration: Demonstration, path: Path | None = None, view: int = 0) -> Tokens:
    """The simulator's privileged state as tokens (N, 1, D).

    Raises:
        MvpRealError: The demonstration was recorded without it, or another view is asked for.
    """
    if view != 0:
        raise MvpRealError("the oracle state has no further views; set views to 1")
    if demonstration.oracle is None:
        raise MvpRealError(
            f"demonstration '{demonstration.id}' has no '{ORACLE}' state; only simulated recordings carry it"
        )
    return demonstration.oracle[:, None, :].astype(np.float32)


def _session(model: Path, threads: int) -> Callable[[NDArray[np.float32]], Tokens]:
    runtime = require("onnxruntime", "infer")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = runtime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])

    def run(images: NDArray[np.float32]) -> Tokens:
        tokens: Tokens = session.run(["tokens"], {"image": np.ascontiguousarray(images)})[0]
        return tokens

    return run


def _save(file: Path, array: NDArray[np.generic]) -> None:
    """Write beside, then rename: an interrupted run leaves no torn cache entry."""
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f"{file.name}.{os.getpid()}.tmp")
    with temporary.open("wb") as stream:
        np.save(stream, array, allow_pickle=False)
    os.replace(temporary, file)
