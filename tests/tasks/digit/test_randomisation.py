"""Statistics of the draws against table 6.1, and what the strength does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvp_real.errors import MvpRealError
from mvp_real.tasks.digit.randomisation import NOISE_GROUPS, TABLE, Randomisation, bounds, draw

DRAWS = 100_000
SHAPE = (DRAWS,)


def random() -> np.random.Generator:
    return np.random.default_rng(1)


def test_the_sixteen_rows_of_the_table() -> None:
    assert len(TABLE) == 16
    printed = {"joint_position": (0.0, 0.175), "gravity": (0.0, 0.67), "motor_damping": (0.3, 4.0), "mass": (0.5, 1.5),
               "friction": (0.3, 2.0), "motor_offset": (0.0, 0.035), "restitution": (0.0, 0.4)}  # fmt: skip
    assert {name: (TABLE[name].low, TABLE[name].high) for name in printed} == printed


def test_damping_is_loguniform() -> None:
    values = draw(TABLE["motor_damping"], random(), SHAPE)
    assert np.median(values) == pytest.approx(1.095, abs=0.02)
    assert np.log(values).mean() == pytest.approx(np.log(0.3 * 4.0) / 2.0, abs=0.01)
    assert values.min() >= 0.3
    assert values.max() <= 4.0


@pytest.mark.parametrize("name", ["observation_delay", "action_delay"])
def test_mean_probability_of_a_delay(name: str) -> None:
    assert draw(TABLE[name], random(), SHAPE).mean() == pytest.approx(0.1, abs=0.001)


@pytest.mark.parametrize("name", NOISE_GROUPS)
def test_noise_has_mean_zero_and_the_printed_deviation(name: str) -> None:
    values = draw(TABLE[name], random(), SHAPE)
    assert values.mean() == pytest.approx(0.0, abs=0.01 * TABLE[name].high)
    assert values.std() == pytest.approx(TABLE[name].high, rel=0.01)


@pytest.mark.parametrize("name", ["mass", "friction", "motor_strength", "kp_factor", "restitution"])
def test_uniform_rows_fill_their_range(name: str) -> None:
    row, values = TABLE[name], draw(TABLE[name], random(), SHAPE)
    assert values.mean() == pytest.approx((row.low + row.high) / 2.0, abs=0.005)
    assert values.std() == pytest.approx((row.high - row.low) / 12.0**0.5, rel=0.01)
    assert row.low <= values.min()
    assert values.max() <= row.high


@pytest.mark.parametrize("name", TABLE)
def test_without_strength_nothing_is_randomised(name: str) -> None:
    neutral = 1.0 if TABLE[name].operator == "scaling" else 0.0
    np.testing.assert_allclose(Randomisation(strength=0.0).draw(name, random(), (50,)), neutral)


@given(st.floats(0.0, 2.0), st.floats(0.0, 2.0), st.sampled_from(sorted(TABLE)))
def test_more_strength_is_a_wider_range(one: float, other: float, name: str) -> None:
    weak, strong = (bounds(TABLE[name], strength) for strength in sorted((one, other)))
    assert strong[0] <= weak[0] + 1e-12
    assert weak[1] <= strong[1] + 1e-12


def test_a_row_has_a_factor_of_its_own() -> None:
    randomisation = Randomisation(strength=0.5, rows={"joint_position": 0.4})
    assert randomisation.of("joint_position") == pytest.approx(0.2)
    assert randomisation.of("mass") == 0.5


def test_symmetric_offsets_and_gravity() -> None:
    symmetric, printed = Randomisation(), Randomisation(symmetric=False)
    offsets = symmetric.draw("motor_offset", random(), SHAPE)
    assert offsets.mean() == pytest.approx(0.0, abs=2e-4)
    assert np.abs(offsets).max() <= 0.035
    assert printed.draw("motor_offset", random(), SHAPE).min() >= 0.0
    gravity = symmetric.draw_gravity(random(), DRAWS)
    np.testing.assert_allclose(gravity.mean(axis=0), 0.0, atol=0.01)
    assert np.linalg.norm(gravity, axis=1).max() <= 0.67
    np.testing.assert_array_equal(printed.draw_gravity(random(), 10)[:, :2], 0.0)


def test_an_unknown_row_suggests_the_near_one() -> None:
    with pytest.raises(MvpRealError, match="did you mean friction"):
        Randomisation(rows={"frictions": 1.0})
