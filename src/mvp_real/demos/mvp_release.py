"""Demonstrations in the form of the MVP release: a folder each, in it one pickle per step.

Keys of a step: `joint_positions` (rad, perhaps longer than the arm), `joint_velocites` (the release's own spelling),
`gripper_open` (0 or 1, absent where there is no gripper), and `rgb` or `rgb_ego` and `rgb_exo`, (480, 640, 3) uint8.
Steps carry no time; the release records at 5 Hz.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvp_real.demos import topics
from mvp_real.demos.episode_set import EpisodeSet
from mvp_real.demos.restricted_pickle import read_pickle
from mvp_real.demos.writer import EpisodeWriter
from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray, Frame, JointReading, JointTarget

PERIOD = 0.2
ARM_JOINTS = 7
EXO_IMAGE = "scene_camera/image"
NAMES = (*(f"joint{i + 1}" for i in range(ARM_JOINTS)), "gripper")
PICKLE_SUFFIXES = (".pkl", ".pickle")


@dataclass(frozen=True)
class ReleasedStep:
    """One step of the release.

    Attributes:
        position: (8,) seven joint angles, rad, and the gripper's flag, 1 open.
        velocity: (8,) rad/s, the gripper 0.
        wrist: (H, W, 3) uint8 RGB of the wrist camera, or None.
        scene: The same of the table camera, or None.
    """

    position: FloatArray
    velocity: FloatArray
    wrist: NDArray[np.uint8] | None
    scene: NDArray[np.uint8] | None


def released_step(path: Path) -> ReleasedStep:
    """Read one step.

    Raises:
        MvpRealError: It is unsafe or damaged, or lacks a key.
    """
    content = read_pickle(path)
    if not isinstance(content, dict):
        raise MvpRealError(f"'{path}' holds a {type(content).__name__}, expected a dictionary")
    if "joint_positions" not in content:
        keys = ", ".join(sorted(map(str, content)))
        raise MvpRealError(f"'{path}' has no 'joint_positions'; it has {keys or 'nothing'}")
    joints = _vector(path, "joint_positions", content["joint_positions"])
    speeds = content.get("joint_velocites", content.get("joint_velocities"))
    velocity = np.zeros(ARM_JOINTS) if speeds is None else _vector(path, "joint_velocites", speeds)
    gripper = float(np.asarray(content.get("gripper_open", 0)).reshape(-1)[0])
    return ReleasedStep(
        np.append(joints, gripper),
        np.append(velocity, 0.0),
        _image(path, content.get("rgb", content.get("rgb_ego"))),
        _image(path, content.get("rgb_exo")),
    )


def demonstration_folders(root: Path) -> list[Path]:
    """Folders with pickles: `root` itself, or those in it, by name.

    Raises:
        MvpRealError: There are none.
    """
    candidates = [root, *sorted(path for path in root.glob("*") if path.is_dir())]
    found = [folder for folder in candidates if _steps(folder)]
    if not found:
        raise MvpRealError(f"no pickles ({', '.join(PICKLE_SUFFIXES)}) in '{root}' or in its folders")
    return found


def import_release(
    root: Path,
    episodes: EpisodeSet,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Path]:
    """Turn each demonstration into an episode of a set; those that are there already are skipped.

    The target of a step is where the joints are one step later, which is what the release learns from.

    Args:
        root: The release's folder.
        episodes: Where they go, as `<task>_<folder>.mcap`.
        progress: Called with (demonstrations done, total).

    Yields:
        Path of each new episode.
    """
    folders = demonstration_folders(root)
    for number, folder in enumerate(folders, start=1):
        path = episodes.folder / f"{episodes.task}_{_safe(folder.name)}.mcap"
        if not path.exists():
            yield _import_one(folder, path, episodes)
        if progress is not None:
            progress(number, len(folders))


def _import_one(folder: Path, path: Path, episodes: EpisodeSet) -> Path:
    steps = [released_step(file) for file in _steps(folder)]
    metadata: dict[str, Any] = {
        "id": path.stem,
        **episodes.about,
        "control_period": PERIOD,
        "gripper_open_threshold": 0.5,
        "imported": f"MVP release, folder {folder.name}",
    }
    with EpisodeWriter(path, metadata, durable=False) as writer:
        for index, step in enumerate(steps):
            stamp = PERIOD * index
            following = steps[min(index + 1, len(steps) - 1)].position
            if step.wrist is not None:
                writer.image(Frame(step.wrist, stamp, index))
            if step.scene is not None:
                writer.image(Frame(step.scene, stamp, index), EXO_IMAGE)
            writer.joint_states(JointReading(NAMES, step.position, step.velocity, stamp))
            writer.joint_target(JointTarget(NAMES, following, stamp, PERIOD), topics.JOINT_TARGET)
        return writer.close({"success": True, "reason": "as released", "steps": len(steps)})


def _steps(folder: Path) -> list[Path]:
    files = [path for path in folder.glob("*") if path.suffix in PICKLE_SUFFIXES and path.is_file()]
    return sorted(
        files, key=lambda path: [int(t) if t.isdigit() else t for t in re.split(r"(\d+)", path.name)]
    )


def _vector(path: Path, key: str, value: Any) -> FloatArray:
    vector = np.asarray(value, dtype=np.float64).reshape(-1)[:ARM_JOINTS]
    if len(vector) < ARM_JOINTS or not np.isfinite(vector).all():
        raise MvpRealError(
            f"'{path}': {key} has {len(vector)} usable values, expected {ARM_JOINTS} finite ones"
        )
    return vector


def _image(path: Path, value: Any) -> NDArray[np.uint8] | None:
    if value is None:
        return None
    image = np.asarray(value)
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise MvpRealError(f"'{path}': an image has {image.shape} {image.dtype}, expected (H, W, 3) uint8")
    return image


def _safe(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)
