"""Training images: memory-mapped shards, random resized crops, flips."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from mvp_real.errors import MvpRealError
from mvp_real.training.pretrain.config import MaeTrainingConfig

INTERPOLATIONS = {"bicubic": cv2.INTER_CUBIC, "bilinear": cv2.INTER_LINEAR}
CROP_ATTEMPTS = 10


class ImageShards:
    """All `images*.npy` (uint8, (N, H, W, 3)) below a folder, as one sequence; pixels stay on disk until
    used."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.paths: list[Path] = []
        self._shards: list[np.ndarray] = []
        self._ends = np.zeros(0, dtype=np.int64)
        self.refresh()
        if not len(self):
            raise MvpRealError(
                f"no training images below {directory}; make some with: mvp_real generate train --out {directory}"
            )

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def refresh(self) -> int:
        """Take up shards that were added since; the order of known images never changes. Returns the new
        length."""
        for path in sorted(self.directory.rglob("images*.npy")):
            if path in self.paths:
                continue
            shard = np.load(path, mmap_mode="r", allow_pickle=False)
            if shard.dtype != np.uint8 or shard.ndim != 4 or shard.shape[-1] != 3:
                raise MvpRealError(f"{path} must be uint8 (N, H, W, 3), found {shard.dtype} {shard.shape}")
            self.paths.append(path)
            self._shards.append(shard)
        self._ends = np.cumsum([len(shard) for shard in self._shards])
        return len(self)

    def order(self, paths: list[str]) -> None:
        """Put the shards `paths` (relative to the folder) first, as a run being resumed saw them.

        Raises:
            MvpRealError: one of them is gone.
        """
        wanted = [self.directory / path for path in paths]
        for path in wanted:
            if path not in self.paths:
                raise MvpRealError(f"the run was trained on {path}, which is no longer there")
        ranked = wanted + [path for path in self.paths if path not in wanted]
        self._shards = [self._shards[self.paths.index(path)] for path in ranked]
        self.paths = ranked
        self._ends = np.cumsum([len(shard) for shard in self._shards])

    def relative_paths(self) -> list[str]:
        return [path.relative_to(self.directory).as_posix() for path in self.paths]

    def __getitem__(self, index: int) -> np.ndarray:
        """Image `index`, uint8 (H, W, 3)."""
        shard = int(np.searchsorted(self._ends, index, side="right"))
        start = 0 if shard == 0 else int(self._ends[shard - 1])
        return np.asarray(self._shards[shard][index - start])


def crop_box(
    height: int,
    width: int,
    scale: tuple[float, float],
    aspect: tuple[float, float],
    random: np.random.Generator,
) -> tuple[int, int, int, int]:
    """Top, left, height, width of a random crop: area uniform in `scale`, aspect log-uniform, as torchvision
    draws it."""
    for _ in range(CROP_ATTEMPTS):
        area = height * width * random.uniform(*scale)
        ratio = np.exp(random.uniform(np.log(aspect[0]), np.log(aspect[1])))
        crop_width, crop_height = round(np.sqrt(area * ratio)), round(np.sqrt(area / ratio))
        if 0 < crop_width <= width and 0 < crop_height <= height:
            top = int(random.integers(0, height - crop_height + 1))
            left = int(random.integers(0, width - crop_width + 1))
            return top, left, crop_height, crop_width
    side = min(height, width)
    return (height - side) // 2, (width - side) // 2, side, side


def augment(image: np.ndarray, config: MaeTrainingConfig, random: np.random.Generator) -> np.ndarray:
    """Random resized crop and horizontal flip; uint8 (H, W, 3) -> uint8 (S, S, 3). No colour operation (He
    2022)."""
    size = config.encoder.image_size
    top, left, height, width = crop_box(*image.shape[:2], config.crop_scale, config.crop_aspect, random)
    crop = image[top : top + height, left : left + width]
    resized = cv2.resize(crop, (size, size), interpolation=INTERPOLATIONS[config.interpolation])
    if config.flip and random.random() < 0.5:
        resized = resized[:, ::-1]
    return resized


def centre_view(image: np.ndarray, size: int) -> np.ndarray:
    """The whole image at `size` px, for validation; uint8 (H, W, 3) -> uint8 (S, S, 3)."""
    if image.shape[:2] == (size, size):
        return image
    return np.asarray(cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA))


def patchify_bytes(images: np.ndarray, patch: int) -> np.ndarray:
    """uint8 (B, S, S, 3) -> uint8 (B, N, patch * patch * 3), element order as `networks.patches.patchify`."""
    batch, height, width, channels = images.shape
    grid = images.reshape(batch, height // patch, patch, width // patch, patch, channels)
    return np.ascontiguousarray(grid.transpose(0, 1, 3, 2, 4, 5)).reshape(batch, -1, patch * patch * channels)


class SampleOrder:
    """Which image each sample shows: a pure function of seed and sample number, so that a run resumes
    exactly.

    Each epoch is a fresh permutation of the images present at its start; the epoch table (start, count) is
    saved.
    """

    def __init__(self, seed: int, epochs: list[tuple[int, int]] | None = None) -> None:
        self.seed = seed
        self.epochs = epochs or []
        self._permutation = np.zeros(0, dtype=np.int64)
        self._loaded = -1

    def needs_epoch(self, sample: int) -> bool:
        """Whether `sample` lies behind the last epoch that was begun."""
        return not self.epochs or sample >= sum(self.epochs[-1])

    def begin_epoch(self, sample: int, count: int) -> None:
        self.epochs.append((sample, count))

    def image_index(self, sample: int) -> int:
        """Index of the image that `sample`, in the last epoch, shows."""
        number = len(self.epochs) - 1
        start, count = self.epochs[number]
        if self._loaded != number:
            self._permutation = np.random.default_rng((self.seed, 7, number)).permutation(count)
            self._loaded = number
        return int(self._permutation[sample - start])


def training_batch(
    shards: ImageShards, order: SampleOrder, config: MaeTrainingConfig, sample: int
) -> tuple[np.ndarray, np.ndarray]:
    """Patches uint8 (B, N, P) and masking noise float32 (B, N) of the batch that starts at `sample`."""
    random = np.random.default_rng((config.seed, 11, sample))
    size, patch = config.encoder.image_size, config.encoder.patch
    views = np.empty((config.batch, size, size, 3), dtype=np.uint8)
    for row in range(config.batch):
        if order.needs_epoch(sample + row):
            order.begin_epoch(sample + row, shards.refresh())
        views[row] = augment(shards[order.image_index(sample + row)], config, random)
    return patchify_bytes(views, patch), random.random(
        (config.batch, config.encoder.patches), dtype=np.float32
    )
