"""An exported set has the layout that LeRobotDataset v3 documents, and the recorded data in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pyarrow.parquet as parquet
import pytest

from mvp_real.demos.lerobot_export import export_lerobot
from mvp_real.demos.reader import read_demonstration
from mvp_real.errors import MvpRealError

Make = Callable[..., Path]
CAMERA = "observation.images.wrist_camera"


def video_frames(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_tables_videos_and_statistics(make_demonstration: Make, tmp_path: Path) -> None:
    paths = [make_demonstration(f"demo_{k}", steps=5 + k, task="reach") for k in range(3)]
    demos = [read_demonstration(path) for path in paths]
    folder = tmp_path / "export"
    report = export_lerobot(demos, folder)
    assert (report.episodes, report.frames, report.cameras) == (3, 18, (CAMERA,))
    info = json.loads((folder / "meta/info.json").read_text())
    assert (info["codebase_version"], info["fps"], info["total_frames"]) == ("v3.0", 5, 18)
    assert info["features"][CAMERA]["shape"] == [48, 64, 3]
    rows = parquet.read_table(folder / "data/chunk-000/file-000.parquet").to_pydict()
    episodes = parquet.read_table(folder / "meta/episodes/chunk-000/file-000.parquet").to_pylist()
    assert rows["index"] == list(range(18))
    assert [row["length"] for row in episodes] == [5, 6, 7]
    frames = video_frames(folder / f"videos/{CAMERA}/chunk-000/file-000.mp4")
    assert len(frames) == 18
    for demo, row in zip(demos, episodes, strict=True):
        first, end = row["dataset_from_index"], row["dataset_to_index"]
        np.testing.assert_allclose(rows["observation.state"][first:end], demo.state, atol=1e-6)
        np.testing.assert_allclose(rows["action"][first:end], demo.clean, atol=1e-6)
        assert rows["frame_index"][first:end] == list(range(len(demo)))
        np.testing.assert_allclose(rows["timestamp"][first:end], np.arange(len(demo)) / 5)
        begin = round(row[f"videos/{CAMERA}/from_timestamp"] * 5)
        assert begin == first
        # Noise is the hardest picture there is; it still is the same one.
        for k, image in enumerate(demo.frames):
            errors = [np.abs(frame.astype(int) - image).mean() for frame in frames]
            assert errors[begin + k] < min(errors) + 1
            assert errors[begin + k] < 0.8 * np.median(errors)
        low = np.array(row["stats/observation.state/min"])
        np.testing.assert_allclose(low, demo.state.min(axis=0), atol=1e-6)
    statistics = json.loads((folder / "meta/stats.json").read_text())
    actions = np.concatenate([demo.clean for demo in demos])
    np.testing.assert_allclose(statistics["action"]["mean"], actions.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(statistics["action"]["std"], actions.std(axis=0), atol=1e-6)
    assert statistics["action"]["count"] == [18]
    assert np.shape(statistics[CAMERA]["mean"]) == (3, 1, 1)
    tasks = parquet.read_table(folder / "meta/tasks.parquet")
    assert tasks.to_pydict() == {"task_index": [0], "task": ["reach"]}
    assert json.loads(tasks.schema.metadata[b"pandas"])["index_columns"] == ["task"]


def test_actions_can_be_deltas(make_demonstration: Make, tmp_path: Path) -> None:
    demo = read_demonstration(make_demonstration(steps=5))
    export_lerobot([demo], tmp_path / "export", action="delta", task="push the cube")
    rows = parquet.read_table(tmp_path / "export/data/chunk-000/file-000.parquet").to_pydict()
    np.testing.assert_allclose(rows["action"], demo.clean - demo.state, atol=1e-6)


def test_what_does_not_fit_is_named(make_demonstration: Make, tmp_path: Path) -> None:
    demo = read_demonstration(make_demonstration("a", control_period=0.3))
    with pytest.raises(MvpRealError, match=r"0\.3 s is no whole number"):
        export_lerobot([demo], tmp_path / "export")
    full = tmp_path / "full"
    full.mkdir()
    (full / "file").touch()
    good = read_demonstration(make_demonstration("b"))
    with pytest.raises(MvpRealError, match="not empty"):
        export_lerobot([good], full)
    other = read_demonstration(make_demonstration("c", size=(24, 32)))
    with pytest.raises(MvpRealError, match="changes its size"):
        export_lerobot([good, other], tmp_path / "mixed")
    assert not (tmp_path / "mixed/meta/info.json").exists()
