"""Learning rate over 400 epochs with 40 of warm-up (mvp_real sheet, check 6)."""

from __future__ import annotations

import pytest

from mvp_real.training.imitation.schedule import learning_rate_factor


@pytest.mark.parametrize(
    ("epoch", "rate"),
    [(0, 0.0), (20, 5e-4), (40, 1e-3), (130, 8.5355e-4), (220, 5e-4), (310, 1.4645e-4), (400, 0.0)],
)
def test_warm_up_then_cosine(epoch: int, rate: float) -> None:
    assert 1e-3 * learning_rate_factor(epoch, 400, 40) == pytest.approx(rate, abs=1e-8)
