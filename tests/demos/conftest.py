"""Small demonstrations for the tests of this room."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mvp_real.demos import topics
from mvp_real.demos.writer import EpisodeWriter
from mvp_real.messages import Feature, Frame, JointReading, JointTarget

NAMES = (*(f"joint{i}" for i in range(1, 8)), "gripper")
MESSAGES_PER_STEP = 5


def write_steps(writer: EpisodeWriter, steps: int, size: tuple[int, int] = (48, 64), seed: int = 0) -> None:
    """Append `steps` complete control steps: a slow joint motion, a gripper that closes half way."""
    random = np.random.default_rng(seed)
    for step in range(steps):
        stamp = 0.2 * step
        position = np.full(8, 0.01 * step)
        position[7] = 1.0 if step < steps // 2 else 0.4
        clean = position + 0.01
        clean[7] = 1.0 if step + 1 < steps // 2 else 0.0
        image = random.integers(0, 255, (*size, 3), dtype=np.uint8)
        writer.image(Frame(image, stamp, step))
        writer.joint_states(JointReading(NAMES, position, np.zeros(8), stamp))
        writer.feature(Feature(np.full((1, 7), step, dtype=np.float32), stamp))
        writer.joint_target(JointTarget(NAMES, clean, stamp, 0.2), topics.CLEAN_TARGET)
        writer.joint_target(JointTarget(NAMES, clean + 0.002, stamp, 0.2))


@pytest.fixture
def make_demonstration(tmp_path: Path) -> Callable[..., Path]:
    """Writes a finished demonstration and returns its path."""

    def make(
        name: str = "demo", steps: int = 6, size: tuple[int, int] = (48, 64), **metadata: object
    ) -> Path:
        writer = EpisodeWriter(tmp_path / f"{name}.mcap", {"id": name, **metadata}, durable=False)
        write_steps(writer, steps, size)
        return writer.close({"success": True})

    return make
