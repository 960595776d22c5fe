"""Image sets: shards that resume, labels that are true, the robot's own image path in the probe."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mvp_real.cameras.preprocessing import Preprocessing
from mvp_real.errors import MvpRealError
from mvp_real.tasks.image_scenes import POSE_COLUMNS, SCENE_KINDS
from mvp_real.tasks.photographs import photograph_paths
from mvp_real.tasks.pretraining_images import ImageSet, ShardRenderer, encoder_crop, generate

pytestmark = pytest.mark.render


@pytest.fixture(scope="module")
def train(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("train")
    generate(ImageSet("train", 40, seed=5, shard=16), directory, progress=False)
    return directory


def test_shards_and_labels(train: Path) -> None:
    sizes = [np.load(train / f"images_{k:03d}.npy").shape for k in range(3)]
    assert sizes == [(16, 112, 112, 3), (16, 112, 112, 3), (8, 112, 112, 3)]
    poses = np.concatenate([np.load(train / f"poses_{k:03d}.npy") for k in range(3)])
    assert poses.shape == (40, len(POSE_COLUMNS))
    assert poses.dtype == np.float32
    kinds = poses[:, POSE_COLUMNS.index("scene_kind")].astype(int)
    assert set(kinds) <= set(range(len(SCENE_KINDS)))
    assert len(set(kinds)) > 1
    meta = json.loads((train / "meta.json").read_text())
    assert meta["columns"] == list(POSE_COLUMNS)
    images = np.concatenate([np.load(train / f"images_{k:03d}.npy") for k in range(3)])
    assert images.std(axis=(1, 2)).max(axis=1).min() > 5  # no blank picture


def test_interrupted_runs_render_only_what_is_missing(train: Path) -> None:
    wanted = np.load(train / "images_001.npy")
    (train / "images_001.npy").unlink()
    (train / "images_001.npy.tmp").write_bytes(b"half a file")
    assert generate(ImageSet("train", 40, seed=5, shard=16), train, progress=False) == 16
    np.testing.assert_array_equal(np.load(train / "images_001.npy"), wanted)
    assert generate(ImageSet("train", 40, seed=5, shard=16), train, progress=False) == 0


def test_another_set_in_the_same_folder_is_refused(train: Path) -> None:
    with pytest.raises(MvpRealError, match="seed is 5, wanted 6"):
        generate(ImageSet("train", 40, seed=6, shard=16), train, progress=False)


@pytest.mark.slow
def test_worker_processes_give_the_same_images(train: Path, tmp_path: Path) -> None:
    generate(ImageSet("train", 40, seed=5, shard=16), tmp_path, workers=2, progress=False)
    for k in range(3):
        np.testing.assert_array_equal(
            np.load(tmp_path / f"images_{k:03d}.npy"), np.load(train / f"images_{k:03d}.npy")
        )


def test_kinds_never_share_pictures() -> None:
    first = ShardRenderer(ImageSet("train", 4, seed=1))
    second = ShardRenderer(ImageSet("held_out", 4, seed=1))
    assert not np.array_equal(first.shard(0, 4)[0], second.shard(0, 4)[0])
    first.close()
    second.close()


def test_probe_sees_the_fruit_where_the_label_says(tmp_path: Path) -> None:
    """In the plain scene the coloured blob's column follows the label's y."""
    generate(ImageSet("probe_plain", 48, seed=2, shard=48), tmp_path, progress=False)
    images, labels = np.load(tmp_path / "images.npy"), np.load(tmp_path / "labels.npy")
    assert images.shape == (48, 96, 96, 3)
    assert np.hypot(labels[:, 0], labels[:, 1]).max() < 0.25
    distance = labels[:, POSE_COLUMNS.index("lateral_distance")]
    # The gripper may be tilted a little: the distances agree to a few centimetres times the tilt.
    np.testing.assert_allclose(np.hypot(labels[:, 0], labels[:, 1]), distance, atol=0.02)
    saturation = images.max(axis=3).astype(int) - images.min(axis=3)
    columns, wanted = [], []
    for picture, label in zip(saturation, labels, strict=True):
        coloured = np.argwhere(picture > 90)
        if len(coloured) > 8:
            columns.append(coloured[:, 1].mean() - 47.5)
            wanted.append(label[1] / (label[2] + 0.12))  # right of the picture is the tool frame's +y
    assert len(columns) > 25
    assert np.corrcoef(columns, wanted)[0, 1] > 0.9


def test_crop_has_the_field_of_view_of_the_robots_crop() -> None:
    generator = np.random.default_rng(0)
    coarse = generator.integers(0, 255, (30, 40, 3)).astype(np.uint8)
    large = np.kron(coarse, np.ones((16, 16, 1), np.uint8))
    small = np.kron(coarse, np.ones((8, 8, 1), np.uint8))
    wanted = Preprocessing(size=112).pixels(large).astype(int)
    assert np.abs(wanted - encoder_crop(small)).max() <= 1


@pytest.mark.skipif(not photograph_paths(), reason="no package with photographs is installed")
def test_photographs_are_mixed_in_and_recorded(tmp_path: Path) -> None:
    generate(ImageSet("train", 24, seed=3, photographs=0.5, shard=24), tmp_path, progress=False)
    poses = np.load(tmp_path / "poses_000.npy")
    assert 4 <= np.isnan(poses[:, 0]).sum() <= 20
    assert json.loads((tmp_path / "meta.json").read_text())["photograph_names"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "trian"}, "did you mean train"),
        ({"count": 0}, "at least one image"),
        ({"photographs": 1.5}, "0 to 1"),
    ],
)
def test_wrong_sets_are_named(change: dict[str, object], message: str) -> None:
    with pytest.raises(MvpRealError, match=message):
        ImageSet(**{"kind": "train", "count": 4, **change})  # type: ignore[arg-type]
