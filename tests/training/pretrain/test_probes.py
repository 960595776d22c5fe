"""Probes find a position that is there, and none where there is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mvp_real.errors import MvpRealError
from mvp_real.training.pretrain.measurements import participation_ratio
from mvp_real.training.pretrain.probes import (
    ProbeSet,
    class_probe,
    keypoint_probe,
    load_probe_set,
    ridge,
    scores,
    standardise,
)

COUNT, TRAIN, GRID = 400, 300, 6


@pytest.fixture
def probe() -> ProbeSet:
    places = np.random.default_rng(0).uniform(-0.06, 0.06, (COUNT, 2)).astype(np.float32)
    return ProbeSet(np.zeros((COUNT, 4, 4, 3), np.uint8), places, TRAIN)


def blobs(probe: ProbeSet) -> torch.Tensor:
    """Patch tokens in which one direction lights up around the fruit's place."""
    torch.manual_seed(0)
    axis = torch.linspace(-0.06, 0.06, GRID)
    rows, columns = torch.meshgrid(axis, axis, indexing="ij")
    grid = torch.stack([columns.reshape(-1), rows.reshape(-1)], dim=1)
    distance = (torch.from_numpy(probe.offsets)[:, None] - grid[None]).norm(dim=-1)
    direction = torch.randn(16)
    return torch.exp(-((distance / 0.02) ** 2)).unsqueeze(-1) * direction + 0.05 * torch.randn(
        COUNT, GRID**2, 16
    )


def test_keypoints_find_the_blob(probe: ProbeSet) -> None:
    found = keypoint_probe(blobs(probe), probe, steps=250)
    assert min(found["r2_x"], found["r2_y"]) > 0.95
    assert found["median_mm"] < 8


def test_keypoints_find_nothing_in_noise(probe: ProbeSet) -> None:
    found = keypoint_probe(torch.randn(COUNT, GRID**2, 16), probe, steps=50)
    assert max(found["r2_x"], found["r2_y"]) < 0.2


def test_class_probe_reads_a_linear_feature(probe: ProbeSet) -> None:
    torch.manual_seed(0)
    feature = torch.from_numpy(probe.offsets) @ torch.randn(2, 12) + 0.002 * torch.randn(COUNT, 12) + 5.0
    found = class_probe(feature, probe)
    assert min(found["ridge_r2_x"], found["ridge_r2_y"]) > 0.95
    assert found["mlp_r2_x"] > 0.7


def test_ridge_without_penalty_is_least_squares() -> None:
    torch.manual_seed(0)
    inputs, weights = torch.randn(50, 3), torch.randn(3, 2)
    solved = ridge(inputs, inputs @ weights + 2.0, 0.0)
    torch.testing.assert_close(solved[:3].float(), weights, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(solved[3].float(), torch.full((2,), 2.0), atol=1e-4, rtol=1e-4)


def test_standardisation_uses_the_training_part_only() -> None:
    values = torch.randn(100, 7, 5) * 3 + 2
    values[80:] += 100
    done = standardise(values, 80)
    assert done[:80].mean().abs() < 1e-5
    assert done[80:].mean() > 10


def test_scores_of_known_errors() -> None:
    actual = np.array([[0.0, 0.0], [0.02, 0.0], [0.0, 0.1], [0.1, 0.1]])
    found = scores(actual + np.array([0.003, 0.004]), actual, np.array([True, True, False, False]))
    assert found["median_mm"] == pytest.approx(5.0)
    assert found["near_images"] == 2
    perfect = scores(actual, actual, np.zeros(4, bool))
    assert perfect["r2_x"] == 1.0
    assert np.isnan(perfect["median_mm_near"])


def test_a_probe_folder_is_checked(tmp_path: Path) -> None:
    with pytest.raises(MvpRealError, match=r"lacks images\.npy"):
        load_probe_set(tmp_path)
    np.save(tmp_path / "images.npy", np.zeros((40, 8, 8, 3), np.uint8))
    np.save(tmp_path / "labels.npy", np.zeros((40, 9), np.float32))
    probe = load_probe_set(tmp_path)
    assert (len(probe.images), probe.offsets.shape, probe.train) == (40, (40, 2), 30)
    np.save(tmp_path / "labels.npy", np.zeros((39, 9), np.float32))
    with pytest.raises(MvpRealError, match="40 images and 39 labels"):
        load_probe_set(tmp_path)


def test_participation_ratio_counts_the_directions_in_use() -> None:
    torch.manual_seed(0)
    flat = torch.zeros(50, 40, 12)
    flat[..., :3] = torch.randn(50, 40, 3)
    assert participation_ratio(flat) == pytest.approx(3.0, rel=0.05)
    assert participation_ratio(torch.randn(50, 40, 12)) == pytest.approx(12.0, rel=0.05)
