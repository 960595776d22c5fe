"""Shards, crops, and an order that is a function of the sample number."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mvp_real.errors import MvpRealError
from mvp_real.networks.patches import patchify
from mvp_real.training.pretrain.config import MaeTrainingConfig
from mvp_real.training.pretrain.images import (
    ImageShards,
    SampleOrder,
    augment,
    crop_box,
    patchify_bytes,
    training_batch,
)


def test_shards_are_one_sequence_and_grow(images: Path) -> None:
    shards = ImageShards(images)
    assert len(shards) == 60
    second = np.load(images / "a" / "images_001.npy")
    np.testing.assert_array_equal(shards[40], second[0])
    np.testing.assert_array_equal(shards[59], second[-1])
    np.save(images / "images_002.npy", second[:5])
    assert shards.refresh() == 65
    np.testing.assert_array_equal(shards[64], second[4])


def test_resumed_order_of_shards_survives_new_files(images: Path) -> None:
    first = ImageShards(images)
    np.save(images / "a" / "images_000a.npy", np.zeros((3, 20, 20, 3), np.uint8))
    again = ImageShards(images)
    again.order(first.relative_paths())
    assert again.relative_paths()[:2] == first.relative_paths()
    assert len(again) == 63
    with pytest.raises(MvpRealError, match="no longer there"):
        again.order(["a/images_999.npy"])


def test_an_empty_folder_says_how_to_fill_it(tmp_path: Path) -> None:
    with pytest.raises(MvpRealError, match="mvp_real generate"):
        ImageShards(tmp_path)


@given(st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_crops_stay_inside_and_within_scale(seed: int) -> None:
    top, left, height, width = crop_box(100, 120, (0.5, 1.0), (0.75, 4 / 3), np.random.default_rng(seed))
    assert 0 <= top <= 100 - height
    assert 0 <= left <= 120 - width
    assert 0.49 <= height * width / 12_000 <= 1.0 or height == width == 100
    assert 0.74 <= width / height <= 1.36


def test_augmentation_changes_place_but_no_colour(config: MaeTrainingConfig) -> None:
    image = np.full((20, 20, 3), (10, 100, 200), np.uint8)
    view = augment(image, config, np.random.default_rng(0))
    assert view.shape == (16, 16, 3)
    assert (view == image[0, 0]).all()


def test_byte_patches_are_in_the_order_of_the_network() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3), dtype=np.uint8)
    expected = patchify(torch.from_numpy(pixels).permute(0, 3, 1, 2), 4).numpy()
    np.testing.assert_array_equal(patchify_bytes(pixels, 4), expected)


def test_an_epoch_shows_every_image_once(images: Path, config: MaeTrainingConfig) -> None:
    order = SampleOrder(seed=1)
    order.begin_epoch(0, 60)
    assert sorted(order.image_index(sample) for sample in range(60)) == list(range(60))
    assert order.needs_epoch(60)


def test_batches_are_a_function_of_the_sample_number(images: Path, config: MaeTrainingConfig) -> None:
    shards = ImageShards(images)
    one, two = SampleOrder(1), SampleOrder(1)
    first = [training_batch(shards, one, config, sample) for sample in range(0, 96, 8)]
    second = [training_batch(shards, two, config, sample) for sample in range(0, 96, 8)]
    for (pixels, noise), (others, other_noise) in zip(first, second, strict=True):
        np.testing.assert_array_equal(pixels, others)
        np.testing.assert_array_equal(noise, other_noise)
    assert not np.array_equal(first[0][0], first[1][0])
