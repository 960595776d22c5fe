"""An ideal camera's numbers."""

from __future__ import annotations

import math

import pytest

from mvp_real.cameras.intrinsics import pinhole
from mvp_real.errors import MvpRealError


def test_the_upper_edge_is_seen_under_half_the_field_of_view() -> None:
    geometry = pinhole(640, 480, 42.0)
    assert math.degrees(math.atan(240 / geometry.fy)) == pytest.approx(21.0)
    assert (geometry.cx, geometry.cy, geometry.fx) == (319.5, 239.5, geometry.fy)
    assert geometry.coefficients == (0.0,) * 5


@pytest.mark.parametrize("angle", [0.0, 180.0, float("nan")])
def test_impossible_angles_are_named(angle: float) -> None:
    with pytest.raises(MvpRealError, match=f"{angle} degrees"):
        pinhole(640, 480, angle)
