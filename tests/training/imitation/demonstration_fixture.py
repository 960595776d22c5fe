"""Small synthetic demonstrations with 640x480 frames for the tests of this room."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mvp_real.demos import topics
from mvp_real.demos.writer import EpisodeWriter
from mvp_real.messages import Feature, Frame, JointReading, JointTarget

NAMES = (*(f"joint{i}" for i in range(1, 8)), "gripper")


def write_demonstration(
    folder: Path, name: str, steps: int = 12, seed: int = 0, success: bool = True, task: str = "pick_fruit"
) -> Path:
    """A bright square at x decides the motion of joint1; the oracle says where it is; the gripper closes
    near the end."""
    random = np.random.default_rng(seed)
    writer = EpisodeWriter(folder / f"{name}.mcap", {"id": name, "task": task}, durable=False)
    position = np.zeros(8)
    position[7] = 1.0
    for step in range(steps):
        stamp = 0.2 * step
        column = int(random.integers(0, 8))
        image = np.full((480, 640, 3), 40, dtype=np.uint8)
        image[200:256, 96 + 56 * column : 152 + 56 * column] = (250, 200, 20)
        clean = position.copy()
        clean[0] += 0.01 * (column - 3.5)
        clean[1] += 0.02
        clean[7] = 1.0 if step < steps - 3 else 0.0
        writer.image(Frame(image, stamp, step))
        writer.joint_states(JointReading(NAMES, position.copy(), None, stamp))
        writer.feature(Feature(np.full((1, 7), column, dtype=np.float32), stamp))
        writer.joint_target(JointTarget(NAMES, clean, stamp, 0.2), topics.CLEAN_TARGET)
        writer.joint_target(JointTarget(NAMES, clean, stamp, 0.2))
        position = clean.copy()
        position[7] = 1.0 if step < steps - 2 else 0.3
    return writer.close({"success": success})
