"""Stamps of a foreign clock: never later than the arrival, and off by the quickest way at most."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mvp_real.cameras.host_stamps import HostStamps


@given(
    offset=st.floats(-1e9, 1e9),
    lags=st.lists(st.floats(0.0, 0.2), min_size=1, max_size=200),
)
def test_the_lag_beyond_the_quickest_frame_is_found(offset: float, lags: list[float]) -> None:
    stamps, quickest = HostStamps(), np.minimum.accumulate(lags)
    for k, lag in enumerate(lags):
        taken = 5000.0 + k / 30
        converted = stamps.convert(taken - offset, taken + lag)
        assert converted <= taken + lag + 1e-5
        np.testing.assert_allclose(converted, taken + quickest[k], atol=1e-5)


@given(drift=st.floats(-1e-4, 1e-4))
def test_a_drifting_clock_is_followed(drift: float) -> None:
    stamps = HostStamps(window=10.0)
    for k in range(3000):
        taken = 1000.0 + k / 30
        converted = stamps.convert(k / 30 * (1.0 + drift), taken)
        assert abs(converted - taken) <= 20.0 * abs(drift) + 1e-9


def test_a_clock_that_starts_anew_gets_a_new_offset() -> None:
    stamps = HostStamps()
    assert stamps.convert(500.0, 10.0) == 10.0
    np.testing.assert_allclose(stamps.convert(500.1, 10.15), 10.1)
    assert stamps.convert(0.0, 11.0) == 11.0
    np.testing.assert_allclose(stamps.convert(0.1, 11.3), 11.1)
