"""Procedural textures: right form, repeatable, and free of pixel noise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mvp_real.sim.texture import FAMILIES, colour_field, plain_table, random_colours, random_texture


@pytest.mark.parametrize("family", list(FAMILIES))
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_form_and_repeatability(family: str, seed: int) -> None:
    first = random_texture(np.random.default_rng(seed), 128, family)
    assert first.shape == (128, 128, 3)
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, random_texture(np.random.default_rng(seed), 128, family))


def isolated_share(image: np.ndarray) -> float:
    """Share of texels that stand out from all four neighbours in the same direction."""
    image = image.astype(np.int16)
    middle = image[1:-1, 1:-1]
    neighbours = [image[:-2, 1:-1], image[2:, 1:-1], image[1:-1, :-2], image[1:-1, 2:]]
    above = np.all([middle - n > 20 for n in neighbours], axis=0)
    below = np.all([n - middle > 20 for n in neighbours], axis=0)
    return float((above | below).mean())


@pytest.mark.parametrize("family", list(FAMILIES))
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_no_pixel_noise(family: str, seed: int) -> None:
    # Half of what noise has; the finest checks come to 0.017 where their corners meet.
    assert isolated_share(random_texture(np.random.default_rng(seed), 512, family)) < 0.025


def test_the_measure_of_noise_sees_noise() -> None:
    noise = np.random.default_rng(0).normal(0, 30, (512, 512, 3))
    noisy = np.clip(plain_table(512) + noise, 0, 255).astype(np.uint8)
    assert isolated_share(noisy) > 0.05


def test_different_seeds_differ() -> None:
    images = [random_texture(np.random.default_rng(seed), 64) for seed in range(6)]
    assert len({image.tobytes() for image in images}) == 6


def test_plain_table_is_pale_and_of_low_contrast() -> None:
    table = plain_table(256)
    np.testing.assert_array_equal(table, plain_table(256))
    assert table.std(axis=(0, 1)).max() < 10
    assert table.mean() > 150


def test_colour_field_runs_through_its_stops() -> None:
    field = np.array([[0.0, 0.5, 1.0]], np.float32)
    stops = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], np.float32)
    np.testing.assert_allclose(colour_field(field, stops)[0], [[255, 0, 0], [0, 255, 0], [0, 0, 255]], atol=2)


@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 5))
def test_colours_are_in_range(seed: int, count: int) -> None:
    colours = random_colours(np.random.default_rng(seed), count)
    assert colours.shape == (count, 3)
    assert colours.min() >= 0.0
    assert colours.max() <= 1.0
