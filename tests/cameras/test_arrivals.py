"""Rate, gaps, silence and repetitions of a stream of frames."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvp_real.cameras.arrivals import Arrivals


def image(value: int) -> np.ndarray:
    return np.full((48, 64, 3), value, np.uint8)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=50))
def test_gaps_in_the_numbers_are_dropped_frames(steps: list[int]) -> None:
    arrivals, number = Arrivals(), 100
    arrivals.add(number, image(0), 0.0)
    for k, step in enumerate(steps):
        number += step
        assert arrivals.add(number, image(k % 200), 0.03 * k) == step - 1
    assert arrivals.frames == 1 + len(steps)
    assert arrivals.dropped == sum(steps) - len(steps)


def test_numbers_that_begin_again_are_no_gap() -> None:
    arrivals = Arrivals()
    arrivals.add(1000, image(0), 0.0)
    assert arrivals.add(0, image(1), 0.1) == 0
    arrivals.restart()
    assert arrivals.add(5000, image(2), 0.2) == 0
    assert arrivals.dropped == 0


@pytest.mark.parametrize("rate", [5, 15, 30, 60])
def test_the_rate_is_that_of_the_stream_and_falls_when_it_ends(rate: int) -> None:
    arrivals = Arrivals()
    for k in range(3 * rate):
        arrivals.add(k, image(k % 250), k / rate)
    now = (3 * rate - 1) / rate
    assert arrivals.rate(now) == pytest.approx(rate, rel=0.01)
    assert arrivals.rate(now + 1.0) == pytest.approx(rate / 2, abs=0.6)
    assert arrivals.rate(now + 3.0) == 0.0
    assert arrivals.silence(now + 3.0) == pytest.approx(3.0)


def test_identical_images_in_a_row_are_counted_until_another_comes() -> None:
    arrivals = Arrivals()
    counts = []
    for k, value in enumerate((1, 1, 1, 2, 1, 1)):
        arrivals.add(k, image(value), float(k))
        counts.append(arrivals.repeated)
    assert counts == [0, 1, 2, 0, 0, 1]


def test_before_the_first_frame_there_is_neither_rate_nor_an_end_of_silence() -> None:
    arrivals = Arrivals()
    assert arrivals.rate(5.0) == 0.0
    assert arrivals.silence(5.0) == float("inf")
