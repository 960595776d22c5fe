"""Writes demonstrations as a LeRobotDataset v3: tables with pyarrow, videos with PyAV, no lerobot needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvp_real.demos.lerobot_layout import (
    CHUNK_FILES,
    DATA_FILE_MEGABYTES,
    DATA_PATH,
    EPISODES_PATH,
    VERSION,
    VIDEO_FILE_MEGABYTES,
    VIDEO_PATH,
    FeatureStatistics,
    FilePlace,
    features,
    frame_table,
    write_json,
    write_tasks,
)
from mvp_real.demos.lerobot_video import CameraVideo
from mvp_real.demos.reader import DEFAULT_CONTROL_PERIOD, Demonstration
from mvp_real.errors import MvpRealError, require

STATISTICS_STRIDE = 8
ACTIONS = ("target", "delta")


@dataclass(frozen=True)
class ExportReport:
    """What was written: folder, counts and cameras."""

    folder: Path
    episodes: int
    frames: int
    cameras: tuple[str, ...]


class LeRobotWriter:
    """Writes one data set, episode by episode; `close` writes what describes the whole.

    Args:
        folder: An empty or absent folder.
        frames_per_second: Control steps per second.
        robot: Robot type.
        action: "target" for absolute joint targets, "delta" for their difference to the measured joints.

    Raises:
        MvpRealError: The folder is not empty, or no such action.
    """

    def __init__(self, folder: Path, frames_per_second: int, robot: str, action: str = "target") -> None:
        if action not in ACTIONS:
            raise MvpRealError(f"action is '{action}'; use {' or '.join(ACTIONS)}")
        if folder.exists() and any(folder.iterdir()):
            raise MvpRealError(f"'{folder}' is not empty; choose another folder for the export")
        self._folder, self._rate, self._robot, self._action = folder, frames_per_second, robot, action
        self._videos: dict[str, CameraVideo] = {}
        self._shapes: dict[str, tuple[int, int]] = {}
        self._joints: tuple[str, ...] = ()
        self._tasks: dict[str, int] = {}
        self._rows: list[dict[str, Any]] = []
        self._statistics: dict[str, FeatureStatistics] = {}
        self._data_place = FilePlace()
        self._data: Any = None
        self._data_path = Path()
        self.frames = 0

    def add(self, demonstration: Demonstration, task: str) -> None:
        """Append one demonstration.

        Raises:
            MvpRealError: It has other joints or cameras than those before.
        """
        joints = demonstration.joint_names or tuple(
            f"joint{i + 1}" for i in range(demonstration.state.shape[1])
        )
        cameras = {_camera_key(name): frames for name, frames in sorted(demonstration.views.items())}
        if not self._rows:
            self._joints = joints
            limit = 1e6 * VIDEO_FILE_MEGABYTES
            self._videos = {key: CameraVideo(self._folder, key, self._rate, limit) for key in cameras}
        if joints != self._joints or list(cameras) != list(self._videos):
            raise MvpRealError(
                f"'{demonstration.id}' has joints {', '.join(joints)} and cameras {', '.join(cameras) or 'none'}; "
                f"the ones before have {', '.join(self._joints)} and {', '.join(self._videos) or 'none'}"
            )
        episode = len(self._rows)
        number = self._tasks.setdefault(task, len(self._tasks))
        state = demonstration.state.astype(np.float32)
        action = demonstration.clean.astype(np.float32)
        if self._action == "delta":
            action = (demonstration.clean - demonstration.state).astype(np.float32)
        table = frame_table(state, action, episode, self.frames, number, self._rate)
        statistics: dict[str, FeatureStatistics] = {}
        for name in table.column_names:
            values = state if name == "observation.state" else action
            if name not in ("observation.state", "action"):
                values = table[name].to_numpy()[:, None]
            statistics.setdefault(name, FeatureStatistics()).add(values)
        row: dict[str, Any] = {
            "episode_index": episode,
            "tasks": [task],
            "length": len(state),
            "dataset_from_index": self.frames,
            "dataset_to_index": self.frames + len(state),
        }
        for key, frames in cameras.items():
            statistics[key] = self._add_video(key, frames, row, len(state))
        self._write_rows(table, row)
        for name, figures in statistics.items():
            for part, value in figures.plain(self._shape(name)).items():
                row[f"stats/{name}/{part}"] = value
            self._statistics.setdefault(name, FeatureStatistics()).merge(figures)
        self._rows.append(row)
        self.frames += len(state)

    def close(self) -> ExportReport:
        """Finish the videos and write everything under `meta/`."""
        if not self._rows:
            raise MvpRealError("there is no demonstration to export")
        for video in self._videos.values():
            video.close()
        self._close_rows()
        arrow, parquet = require("pyarrow", "lerobot"), require("pyarrow.parquet", "lerobot")
        place = {"chunk_index": 0, "file_index": 0}
        for row in self._rows:
            row.update({f"meta/episodes/{name}": value for name, value in place.items()})
        path = self._folder / EPISODES_PATH.format(**place)
        path.parent.mkdir(parents=True, exist_ok=True)
        parquet.write_table(arrow.Table.from_pylist(self._rows), path)
        write_tasks(self._folder / "meta/tasks.parquet", list(self._tasks))
        shapes = self._statistics
        write_json(
            self._folder / "meta/stats.json",
            {name: figures.plain(self._shape(name)) for name, figures in shapes.items()},
        )
        write_json(self._folder / "meta/info.json", self._info())
        return ExportReport(self._folder, len(self._rows), self.frames, tuple(self._videos))

    def __enter__(self) -> LeRobotWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the files; after an error the set stays without `info.json` and is thus never taken for whole."""
        for video in self._videos.values():
            video.close()
        self._close_rows()

    def _info(self) -> dict[str, Any]:
        return {
            "codebase_version": VERSION,
            "robot_type": self._robot,
            "total_episodes": len(self._rows),
            "total_frames": self.frames,
            "total_tasks": len(self._tasks),
            "chunks_size": CHUNK_FILES,
            "data_files_size_in_mb": DATA_FILE_MEGABYTES,
            "video_files_size_in_mb": VIDEO_FILE_MEGABYTES,
            "fps": self._rate,
            "splits": {"train": f"0:{len(self._rows)}"},
            "data_path": DATA_PATH,
            "video_path": VIDEO_PATH if self._videos else None,
            "features": features(self._joints, self._shapes, self._rate),
        }

    def _add_video(
        self, key: str, frames: Iterable[NDArray[np.uint8]], row: dict[str, Any], steps: int
    ) -> FeatureStatistics:
        video = self._videos[key]
        begin = video.begin()
        figures = FeatureStatistics()
        for image in frames:
            shape = (image.shape[0], image.shape[1])
            if self._shapes.setdefault(key, shape) != shape:
                raise MvpRealError(f"camera '{key}' changes its size from {self._shapes[key]} to {shape}")
            video.add(image)
            figures.add(image[::STATISTICS_STRIDE, ::STATISTICS_STRIDE].reshape(-1, 3) / 255.0, rows=1)
        if figures.rows != steps:
            raise MvpRealError(f"camera '{key}' has {figures.rows} frames for {steps} steps")
        row[f"videos/{key}/chunk_index"] = video.place.chunk_index
        row[f"videos/{key}/file_index"] = video.place.file_index
        row[f"videos/{key}/from_timestamp"] = begin
        row[f"videos/{key}/to_timestamp"] = begin + steps / self._rate
        return figures

    def _write_rows(self, table: Any, row: dict[str, Any]) -> None:
        parquet = require("pyarrow.parquet", "lerobot")
        if self._data is not None and self._data_path.stat().st_size > 1e6 * DATA_FILE_MEGABYTES:
            self._close_rows()
            self._data_place.advance()
        place = {"chunk_index": self._data_place.chunk_index, "file_index": self._data_place.file_index}
        if self._data is None:
            self._data_path = self._folder / DATA_PATH.format(**place)
            self._data_path.parent.mkdir(parents=True, exist_ok=True)
            self._data = parquet.ParquetWriter(self._data_path, table.schema)
        self._data.write_table(table)
        row.update({f"data/{name}": value for name, value in place.items()})

    def _close_rows(self) -> None:
        if self._data is not None:
            self._data.close()
            self._data = None

    def _shape(self, feature: str) -> tuple[int, ...]:
        if feature in self._videos:
            return (3, 1, 1)
        return (len(self._joints),) if feature in ("observation.state", "action") else (1,)


def export_lerobot(
    demonstrations: Sequence[Demonstration],
    folder: Path,
    action: str = "target",
    task: str = "",
    progress: Callable[[int, int], None] | None = None,
) -> ExportReport:
    """Write demonstrations as one LeRobotDataset v3.

    Args:
        demonstrations: What to write, in order.
        folder: An empty or absent folder.
        action: "target" or "delta".
        task: Text of the task; default: the one that each demonstration names.
        progress: Called with (demonstrations done, total).

    Raises:
        MvpRealError: They do not fit together, or their control period is no whole number of steps per second.
    """
    period = float(demonstrations[0].metadata.get("control_period", DEFAULT_CONTROL_PERIOD))
    rate = round(1 / period)
    if abs(rate * period - 1) > 1e-6:
        raise MvpRealError(
            f"a control period of {period:g} s is no whole number of frames per second, which the layout wants"
        )
    robot = str(demonstrations[0].metadata.get("robot", "xarm7"))
    with LeRobotWriter(folder, rate, robot, action) as writer:
        for number, demonstration in enumerate(demonstrations, start=1):
            writer.add(demonstration, task or str(demonstration.metadata.get("task", "demonstration")))
            if progress is not None:
                progress(number, len(demonstrations))
        return writer.close()


def _camera_key(name: str) -> str:
    """ "observation.images.wrist_camera" of "wrist_camera"."""
    return f"observation.images.{name.replace('/', '_')}"
