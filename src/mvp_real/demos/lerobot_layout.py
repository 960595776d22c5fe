"""The LeRobotDataset v3 layout on disk: names, features and tables. Its public documentation is the source.

meta/info.json  meta/stats.json  meta/tasks.parquet  meta/episodes/chunk-000/file-000.parquet
data/chunk-000/file-000.parquet                      one row a frame, many episodes a file
videos/<camera>/chunk-000/file-000.mp4               many episodes a file, one after another
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvp_real.errors import require

VERSION = "v3.0"
DATA_PATH = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
VIDEO_PATH = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
EPISODES_PATH = "meta/episodes/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
CHUNK_FILES = 1000
DATA_FILE_MEGABYTES = 100
VIDEO_FILE_MEGABYTES = 200
INDEX_COLUMNS = ("frame_index", "episode_index", "index", "task_index")


@dataclass
class FilePlace:
    """Where the next episode's rows or frames go."""

    chunk_index: int = 0
    file_index: int = 0

    def advance(self) -> None:
        """Begin another file, and another chunk when this one is full."""
        self.file_index += 1
        if self.file_index == CHUNK_FILES:
            self.chunk_index, self.file_index = self.chunk_index + 1, 0


@dataclass
class FeatureStatistics:
    """Minimum, maximum, mean and standard deviation of a feature over everything added; shapes as the feature's."""

    count: int = 0
    low: NDArray[np.float64] = field(default_factory=lambda: np.array(np.inf))
    high: NDArray[np.float64] = field(default_factory=lambda: np.array(-np.inf))
    total: NDArray[np.float64] = field(default_factory=lambda: np.array(0.0))
    squares: NDArray[np.float64] = field(default_factory=lambda: np.array(0.0))
    rows: int = 0

    def add(self, values: NDArray[Any], rows: int | None = None) -> None:
        """Add values of shape (k, *feature).

        Args:
            values: What to count.
            rows: How many frames they come from; default k.
        """
        values = np.asarray(values, dtype=np.float64)
        self.count += len(values)
        self.rows += len(values) if rows is None else rows
        self.low = np.minimum(self.low, values.min(axis=0))
        self.high = np.maximum(self.high, values.max(axis=0))
        self.total = self.total + values.sum(axis=0)
        self.squares = self.squares + (values**2).sum(axis=0)

    def merge(self, other: FeatureStatistics) -> None:
        """Add everything that another one has seen."""
        self.count += other.count
        self.rows += other.rows
        self.low, self.high = np.minimum(self.low, other.low), np.maximum(self.high, other.high)
        self.total, self.squares = self.total + other.total, self.squares + other.squares

    def plain(self, shape: tuple[int, ...]) -> dict[str, Any]:
        """The figures as lists of a shape, with `count` in frames."""
        mean = self.total / self.count
        deviation = np.sqrt(np.maximum(self.squares / self.count - mean**2, 0.0))
        parts = {"min": self.low, "max": self.high, "mean": mean, "std": deviation}
        return {
            **{name: np.reshape(value, shape).tolist() for name, value in parts.items()},
            "count": [self.rows],
        }


def features(
    joints: Sequence[str], cameras: Mapping[str, tuple[int, int]], frames_per_second: int
) -> dict[str, Any]:
    """The features of `info.json`.

    Args:
        joints: Names of state and action in order.
        cameras: Height and width by feature key.
        frames_per_second: Of videos and rows.
    """
    vector = {"dtype": "float32", "shape": [len(joints)], "names": list(joints)}
    found: dict[str, Any] = {"observation.state": vector, "action": dict(vector)}
    for key, (height, width) in cameras.items():
        found[key] = {
            "dtype": "video",
            "shape": [height, width, 3],
            "names": ["height", "width", "channels"],
            "info": {
                "video.height": height,
                "video.width": width,
                "video.codec": "h264",
                "video.pix_fmt": "yuv420p",
                "video.is_depth_map": False,
                "video.fps": frames_per_second,
                "video.channels": 3,
                "has_audio": False,
            },
        }
    found["timestamp"] = {"dtype": "float32", "shape": [1], "names": None}
    for name in INDEX_COLUMNS:
        found[name] = {"dtype": "int64", "shape": [1], "names": None}
    return found


def write_json(path: Path, content: Any) -> None:
    """Write a JSON file and the folders it needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=4, ensure_ascii=False) + "\n", encoding="utf-8")


def write_tasks(path: Path, tasks: Sequence[str]) -> None:
    """Write `tasks.parquet`: a table that pandas reads with the task's text as its index."""
    arrow, parquet = require("pyarrow", "lerobot"), require("pyarrow.parquet", "lerobot")
    columns = [
        {"name": n, "field_name": n, "pandas_type": p, "numpy_type": t, "metadata": None}
        for n, p, t in (("task_index", "int64", "int64"), ("task", "unicode", "object"))
    ]
    pandas = {"index_columns": ["task"], "column_indexes": [], "columns": columns, "pandas_version": "2.0.0"}
    table = arrow.table(
        {"task_index": arrow.array(range(len(tasks)), arrow.int64()), "task": arrow.array(list(tasks))}
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(table.replace_schema_metadata({"pandas": json.dumps(pandas)}), path)


def frame_table(
    state: NDArray[np.float32],
    action: NDArray[np.float32],
    episode: int,
    first: int,
    task: int,
    frames_per_second: int,
) -> Any:
    """Rows of one episode.

    Args:
        state, action: (N, n).
        episode: Its index.
        first: Index of its first row in the whole set.
        task: Index of its task.
        frames_per_second: Rows are this far apart, as the layout wants it.
    """
    arrow = require("pyarrow", "lerobot")
    steps, joints = state.shape
    number = np.arange(steps, dtype=np.int64)

    def vectors(values: NDArray[np.float32]) -> Any:
        return arrow.FixedSizeListArray.from_arrays(arrow.array(values.ravel(), arrow.float32()), joints)

    return arrow.table(
        {
            "observation.state": vectors(state),
            "action": vectors(action),
            "timestamp": arrow.array((number / frames_per_second).astype(np.float32)),
            "frame_index": arrow.array(number),
            "episode_index": arrow.array(np.full(steps, episode, dtype=np.int64)),
            "index": arrow.array(number + first),
            "task_index": arrow.array(np.full(steps, task, dtype=np.int64)),
        }
    )
