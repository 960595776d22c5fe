"""The image path: exact crops, exact halving, exact colours, and a digest that names it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from mvp_real.bundle import BundleError
from mvp_real.cameras.preprocessing import Preprocessing
from mvp_real.errors import MvpRealError

pytest.importorskip("cv2")


def noise() -> NDArray[np.uint8]:
    return np.random.default_rng(7).integers(0, 256, (480, 640, 3), dtype=np.uint8)


def halved(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Mean of each 2 x 2 block, halves rounded up, in integers."""
    side = image.shape[0] // 2
    total = image.astype(np.int64).reshape(side, 2, side, 2, 3).sum(axis=(1, 3))
    return ((total + 2) // 4).astype(np.uint8)


def test_at_224_every_pixel_is_the_mean_of_a_2x2_block_of_the_lower_centre_crop() -> None:
    image = noise()
    assert np.array_equal(Preprocessing(size=224).pixels(image), halved(image[32:480, 96:544]))


def test_at_112_the_blocks_are_halved_twice() -> None:
    image = noise()
    expected = halved(halved(image[32:480, 96:544]))
    assert np.array_equal(Preprocessing(size=112).pixels(image), expected)


def test_the_centre_crop_of_full_height_takes_the_middle_columns() -> None:
    image = noise()
    assert np.array_equal(Preprocessing(size=480, crop=480).pixels(image), image[:, 80:560])
    assert np.array_equal(Preprocessing(448, 448, "centre").pixels(image), image[16:464, 96:544])


@pytest.mark.parametrize("size", [96, 144, 256])
def test_other_sizes_follow_bilinear_sampling_between_pixel_centres(size: int) -> None:
    image = noise()
    source = image[32:480, 96:544]
    while source.shape[0] >= 2 * size:
        source = halved(source)
    side = source.shape[0]
    place = np.clip((np.arange(size) + 0.5) * side / size - 0.5, 0, side - 1)
    low = np.minimum(place.astype(int), side - 2)
    part = place - low
    rows = (1 - part)[:, None, None] * source[low] + part[:, None, None] * source[low + 1]
    expected = (1 - part)[None, :, None] * rows[:, low] + part[None, :, None] * rows[:, low + 1]
    assert np.max(np.abs(Preprocessing(size=size).pixels(image) - expected)) <= 1.0


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        ((255, 255, 255), (2.2489, 2.4286, 2.6400)),
        ((0, 0, 0), (-2.1179, -2.0357, -1.8044)),
        ((255, 0, 0), (2.2489, -2.0357, -1.8044)),  # a swap of red and blue would show here
        ((0, 0, 255), (-2.1179, -2.0357, 2.6400)),
    ],
)
def test_normalised_colours_are_those_of_the_specification(
    colour: tuple[int, int, int], expected: tuple[float, float, float]
) -> None:
    result = Preprocessing()(np.full((480, 640, 3), colour, dtype=np.uint8))
    assert result.shape == (3, 96, 96)
    assert result.dtype == np.float32
    assert result.flags["C_CONTIGUOUS"]
    for channel, value in zip(result, expected, strict=True):
        assert np.allclose(channel, value, atol=5e-5)


def test_a_batch_is_normalised_like_its_single_images() -> None:
    path = Preprocessing()
    batch = np.random.default_rng(1).integers(0, 256, (3, 2, 96, 96, 3), dtype=np.uint8)
    result = path.normalise(batch)
    assert result.shape == (3, 2, 3, 96, 96)
    assert np.array_equal(result[2, 1], path.normalise(batch[2, 1]))


def test_the_digest_is_the_same_in_another_process() -> None:
    code = "from mvp_real.cameras.preprocessing import Preprocessing; print(Preprocessing().hash())"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == Preprocessing().hash()


def test_the_digest_differs_for_every_number_of_the_path() -> None:
    paths = [
        Preprocessing(), Preprocessing(size=112), Preprocessing(crop=480), Preprocessing(anchor="centre"),
        Preprocessing(mean=(0.5, 0.5, 0.5)), Preprocessing(std=(0.5, 0.5, 0.5)),
    ]  # fmt: skip
    assert len({path.hash() for path in paths}) == len(paths)


def test_a_card_brings_the_same_path_back_and_a_foreign_digest_is_refused() -> None:
    record = Preprocessing(size=112, crop=480).for_card()
    assert Preprocessing.from_card(record) == Preprocessing(size=112, crop=480)
    with pytest.raises(BundleError, match="export it again"):
        Preprocessing.from_card(replace(record, hash="0" * 64))


def test_wrong_images_and_impossible_paths_are_refused() -> None:
    with pytest.raises(MvpRealError, match=r"shape \(720, 1280, 3\)"):
        Preprocessing().pixels(np.zeros((720, 1280, 3), dtype=np.uint8))
    with pytest.raises(MvpRealError, match="type float32"):
        Preprocessing().pixels(np.zeros((480, 640, 3), dtype=np.float32))  # type: ignore[arg-type]
    with pytest.raises(MvpRealError, match="did you mean lower"):
        Preprocessing(anchor="low")
    with pytest.raises(MvpRealError, match="not possible"):
        Preprocessing(size=600)
    with pytest.raises(MvpRealError, match="positive"):
        Preprocessing(std=(0.2, 0.0, 0.2))
