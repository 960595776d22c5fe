"""Learning rate by samples."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mvp_real.training.pretrain.config import MaeTrainingConfig
from mvp_real.training.pretrain.schedule import Schedule, cosine_learning_rate


def test_rate_of_the_recipe() -> None:
    peak = MaeTrainingConfig().learning_rate
    assert peak == pytest.approx(2.4e-3)
    assert cosine_learning_rate(peak, 20 / 1600, 40 / 1600) == pytest.approx(1.2e-3)
    assert cosine_learning_rate(peak, 1.0, 40 / 1600) == pytest.approx(0.0, abs=1e-12)


@given(st.integers(0, 50), st.integers(60, 400))
@settings(max_examples=30, deadline=None)
def test_samples_give_the_closed_form(warmup: int, steps: int) -> None:
    schedule = Schedule(peak=1.0, start=0, end=steps * 8, warmup=warmup * 8)
    for step in range(steps):
        expected = cosine_learning_rate(1.0, step / steps, warmup / steps)
        assert schedule.rate(step * 8) == pytest.approx(expected, abs=1e-9)
        schedule.advance(step * 8, 8)
    assert schedule.rate(steps * 8) == pytest.approx(0.0, abs=1e-9)


def test_a_deadline_brings_the_rate_to_zero_in_time() -> None:
    schedule = Schedule(peak=1.0, start=0, end=10_000_000, warmup=0)
    rates = []
    for step in range(100):
        rates.append(schedule.rate(step * 10))
        schedule.advance(step * 10, 10, reachable=1000 - step * 10)
    assert schedule.rate(1000) == pytest.approx(0.0, abs=1e-9)
    assert rates == sorted(rates, reverse=True)


def test_a_stage_warms_up_again() -> None:
    stage = Schedule(peak=1.0, start=1000, end=2000, warmup=100)
    assert stage.rate(1000) == 0.0
    assert stage.rate(1050) == pytest.approx(0.5)
    assert stage.rate(1100) == pytest.approx(1.0)
