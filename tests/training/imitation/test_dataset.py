"""Demonstrations become training pairs; failed and foreign ones are refused; features are computed once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mvp_real.demos.reader import read_demonstration
from mvp_real.errors import MvpRealError
from mvp_real.training.imitation.baselines import export_baseline
from mvp_real.training.imitation.config import BehaviourCloningConfig
from mvp_real.training.imitation.dataset import build_dataset
from mvp_real.training.imitation.feature_cache import FeatureCache, oracle_tokens

from .demonstration_fixture import write_demonstration


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(3):
        write_demonstration(tmp_path / "demos", f"demo_{number}", seed=number)
    return tmp_path / "demos"


def config(*folders: Path, **changes: object) -> BehaviourCloningConfig:
    base = BehaviourCloningConfig(demos=tuple(map(str, folders)), encoder="oracle", readout="flat")
    return replace(base, **changes)  # type: ignore[arg-type]


def test_rows_belong_to_their_demonstration(folder: Path) -> None:
    data = build_dataset(config(folder), oracle_tokens)
    assert data.ids == ("demos/demo_0", "demos/demo_1", "demos/demo_2")
    assert len(data) == len(data.inputs) == len(data.proprioception) == len(data.demonstration) == 36
    # The oracle says which column is lit, the label moves joint1 by 0.01 rad per column.
    np.testing.assert_allclose(data.actions[:, 0], 0.01 * (data.inputs[:, 0, 0] - 3.5), atol=1e-6)
    np.testing.assert_allclose(data.actions[:, 1], 0.02, atol=1e-6)
    np.testing.assert_allclose(data.max_step[:2], [1.25 * 0.035, 1.25 * 0.02], atol=1e-6)
    closing = data.actions[:, 7] == np.float32(-0.2)
    assert closing.sum() == 3 * 2


def test_several_folders_are_joined(folder: Path, tmp_path: Path) -> None:
    write_demonstration(tmp_path / "more", "demo_0")
    data = build_dataset(config(folder, tmp_path / "more"), oracle_tokens)
    assert data.ids[-1] == "more/demo_0"
    assert len(data) == 48


def test_failed_foreign_and_absent_demonstrations_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(MvpRealError, match="no demonstration"):
        build_dataset(config(tmp_path / "empty"), oracle_tokens)
    write_demonstration(tmp_path / "failed", "bad", success=False)
    with pytest.raises(MvpRealError, match="not marked as a success"):
        build_dataset(config(tmp_path / "failed"), oracle_tokens)
    write_demonstration(tmp_path / "sink", "other", task="pick_sink")
    with pytest.raises(MvpRealError, match="pick_sink"):
        build_dataset(config(tmp_path / "sink"), oracle_tokens)


def test_features_are_cached_by_encoder_view_and_content(folder: Path, tmp_path: Path) -> None:
    export_baseline("raw16", tmp_path / "raw16")
    export_baseline("blank", tmp_path / "blank")
    path = folder / "demo_0.mcap"
    demonstration = read_demonstration(path)
    cache = FeatureCache(tmp_path / "cache", tmp_path / "raw16")
    tokens = np.array(cache(demonstration, path))
    assert tokens.shape == (12, 1, 768)
    assert np.abs(tokens - cache(demonstration, path, view=1)).max() > 0.1
    assert FeatureCache(tmp_path / "cache", tmp_path / "blank")(demonstration, path).shape == (12, 1, 1)
    files = {file: file.stat().st_mtime_ns for file in (tmp_path / "cache").rglob("*.npy")}
    assert len(files) == 4  # pixels once, two views of one encoder, one of the other
    again = FeatureCache(tmp_path / "cache", tmp_path / "raw16")(demonstration, path)
    np.testing.assert_array_equal(again, tokens)
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / "cache").rglob("*.npy")} == files


def test_a_mirrored_view_is_the_mirrored_scene(folder: Path, tmp_path: Path) -> None:
    export_baseline("raw16", tmp_path / "raw16")
    cache = FeatureCache(tmp_path / "cache", tmp_path / "raw16")
    data = build_dataset(config(folder, views=2), cache)
    assert len(data) == 2 * 36
    np.testing.assert_allclose(data.actions[12:24, 0], -data.actions[:12, 0], atol=1e-7)
    np.testing.assert_allclose(data.actions[12:24, 1], data.actions[:12, 1], atol=1e-7)
    images = data.inputs[:24, 0].reshape(24, 3, 16, 16)
    np.testing.assert_allclose(images[12:], images[:12, :, :, ::-1], atol=1e-5)


def test_training_and_serving_see_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    """The cached feature of a frame is what the encoder session on the robot computes for it."""
    from mvp_real.inference.session import EncoderSession

    export_baseline("raw_patches", tmp_path / "encoder")
    path = folder / "demo_1.mcap"
    demonstration = read_demonstration(path)
    tokens = FeatureCache(tmp_path / "cache", tmp_path / "encoder")(demonstration, path)
    session = EncoderSession(tmp_path / "encoder")
    for step, frame in enumerate(demonstration.frames):
        np.testing.assert_array_equal(session(frame), tokens[step])
