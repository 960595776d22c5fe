"""Mirrored scenes are physically right, and colours change colours only."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mvp_real.robots.table import load_robot
from mvp_real.training.imitation.augmentation import mirror, recolour, view_of


@settings(max_examples=50, deadline=None)
@given(arrays.arrays(np.float64, 7, elements=st.floats(-1.5, 1.5)))
def test_a_mirrored_state_puts_the_tool_at_the_mirrored_place(joints: np.ndarray) -> None:
    table = load_robot("xarm7")
    pose = table.tool_pose(joints)
    image = table.tool_pose(mirror(np.append(joints, 1.0))[:7])
    flip = np.diag([1.0, -1.0, 1.0])
    np.testing.assert_allclose(image[:3, 3], flip @ pose[:3, 3], atol=1e-9)
    np.testing.assert_allclose(image[:3, :3], flip @ pose[:3, :3] @ flip, atol=1e-9)


def test_mirroring_twice_changes_nothing() -> None:
    values = np.random.default_rng(0).normal(size=(5, 8))
    np.testing.assert_array_equal(mirror(mirror(values)), values)
    pixels = np.random.default_rng(0).integers(0, 255, (2, 8, 8, 3), dtype=np.uint8)
    np.testing.assert_array_equal(view_of(view_of(pixels, 1, "a"), 1, "a"), pixels)
    np.testing.assert_array_equal(view_of(pixels, 0, "a"), pixels)


def test_colour_views_are_reproducible_and_differ() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (2, 8, 8, 3), dtype=np.uint8)
    np.testing.assert_array_equal(view_of(pixels, 2, "a"), view_of(pixels, 2, "a"))
    for other in (view_of(pixels, 4, "a"), view_of(pixels, 2, "b"), view_of(pixels, 3, "a")):
        assert np.abs(other.astype(int) - view_of(pixels, 2, "a")).mean() > 5


@pytest.mark.parametrize("seed", range(5))
def test_recolouring_keeps_grey_grey_and_edges_in_place(seed: int) -> None:
    image = np.full((16, 16, 3), 90, dtype=np.uint8)
    image[:, 8:] = 150
    result = recolour(image, np.random.default_rng(seed)).astype(int)
    assert np.ptp(result, axis=2).max() <= 2
    assert (result[:, 8:] - result[:, :8]).min() > 10
    assert np.ptp(result[:, :8]) <= 1
