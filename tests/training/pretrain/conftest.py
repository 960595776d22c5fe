"""A run small enough for a second: 16 px images, a two-block network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mvp_real.training.pretrain.config import MaeTrainingConfig
from mvp_real.training.pretrain.trainer import MaeRun

SETTINGS = {
    "encoder": {"image_size": 16, "patch": 4, "dim": 16, "blocks": 2, "heads": 2},
    "decoder": {"dim": 8, "blocks": 1, "heads": 2},
    "variance_floor": 0.01,
    "batch": 8,
    "base_learning_rate": 0.1,
    "warmup_samples": 32,
    "max_samples": 240,
    "validate_samples": 80,
    "probe_samples": 0,
    "checkpoint_minutes": 60,
}


@pytest.fixture
def config() -> MaeTrainingConfig:
    return MaeTrainingConfig.from_dict(SETTINGS)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """60 smooth images in two shards."""
    random = np.random.default_rng(0)
    folder = tmp_path / "images"
    (folder / "a").mkdir(parents=True)
    ramp = np.linspace(0, 1, 20)
    for number, count in enumerate((40, 20)):
        phase, colour = random.uniform(0, 6, (count, 1, 1, 1)), random.uniform(40, 200, (count, 1, 1, 3))
        wave = np.sin(6 * ramp[:, None, None] + 9 * ramp[None, :, None] + phase)
        np.save(folder / "a" / f"images_{number:03d}.npy", (colour + 40 * wave).astype(np.uint8))
    return folder


@pytest.fixture
def run(tmp_path: Path, images: Path) -> MaeRun:
    return MaeRun(images, tmp_path / "run", held_out=images)
