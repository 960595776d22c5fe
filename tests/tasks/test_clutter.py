"""Distractors keep clear of the fruit, of each other and of the edge."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mvp_real.sim.distractor import DISTRACTORS
from mvp_real.tasks.clutter import CLEARANCE, X_RANGE, Y_RANGE, draw_clutter

RADII = {name: 0.02 + 0.01 * k for k, name in enumerate(DISTRACTORS)}


@given(st.integers(0, 2**40), st.integers(0, 6), st.floats(0.34, 0.50), st.floats(-0.10, 0.10))
def test_keeps_clear(seed: int, count: int, x: float, y: float) -> None:
    standing = draw_clutter(np.random.default_rng(seed), count, RADII, [(x, y, CLEARANCE)])
    assert len(standing) <= count
    assert len({item.name for item in standing}) == len(standing)
    for item in standing:
        assert X_RANGE[0] <= item.x <= X_RANGE[1]
        assert Y_RANGE[0] <= item.y <= Y_RANGE[1]
        assert np.hypot(item.x - x, item.y - y) >= CLEARANCE + RADII[item.name]
        for other in standing:
            if other is not item:
                assert np.hypot(item.x - other.x, item.y - other.y) >= RADII[item.name] + RADII[other.name]


def test_most_wanted_distractors_find_room() -> None:
    counts = [
        len(draw_clutter(np.random.default_rng(seed), 3, RADII, [(0.42, 0.0, CLEARANCE)]))
        for seed in range(50)
    ]
    assert np.mean(counts) > 2.0
