"""Reads an exported data set with lerobot's own reader and prints what it found; run by `mvp_real demos check`.

This file is given to the Python of another environment, which has lerobot and not this package: it imports nothing of
the package, and nothing here imports it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def main(folder: Path, target: Path) -> None:
    """Read the first, the middle and the last frame of every episode and save them as arrays."""
    import lerobot
    import numpy as np
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

    dataset = LeRobotDataset(repo_id="local/check", root=folder, video_backend="pyav")
    found: dict[str, Any] = {}
    cameras = list(dataset.meta.video_keys)
    for episode in range(dataset.meta.total_episodes):
        row = dataset.meta.episodes[episode]
        first, end = int(row["dataset_from_index"]), int(row["dataset_to_index"])
        for index in sorted({first, (first + end) // 2, end - 1}):
            item = dataset[index]
            name = f"{episode}/{index - first}"
            found[f"{name}/state"] = item["observation.state"].numpy()
            found[f"{name}/action"] = item["action"].numpy()
            for camera in cameras:
                found[f"{name}/{camera}"] = (item[camera].numpy() * 255).round().astype(np.uint8)
    np.savez(target, **found)
    print(
        json.dumps(
            {
                "lerobot": getattr(lerobot, "__version__", "unknown"),
                "episodes": dataset.meta.total_episodes,
                "frames": len(dataset),
                "fps": dataset.meta.fps,
                "cameras": cameras,
                "tasks": [str(task) for task in dataset.meta.tasks.index],
                "statistics": sorted(dataset.meta.stats),
            }
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
