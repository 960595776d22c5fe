"""How often and how hard robots are pushed."""

from __future__ import annotations

import numpy as np
import pytest

from mvp_real.errors import MvpRealError
from mvp_real.tasks.digit.pushes import Pushes, draw_pushes


def test_pushes_come_at_their_rate_in_all_directions() -> None:
    pushes, random = Pushes(speed=0.4, turn_speed=0.2, interval=2.0), np.random.default_rng(0)
    chosen, change = draw_pushes(random, pushes, 400_000, 0.02)
    assert len(chosen) / 400_000 == pytest.approx(0.01, rel=0.1)
    speed = np.linalg.norm(change[:, :3], axis=1)
    assert speed.max() <= 0.4
    assert speed.mean() == pytest.approx(0.2, rel=0.05)
    assert np.abs(change[:, :2].mean(axis=0)).max() < 0.02
    assert np.abs(change[:, 2]).max() == 0.0
    assert np.abs(change[:, 3:]).max() <= 0.2


def test_no_pushes_by_default() -> None:
    assert len(draw_pushes(np.random.default_rng(0), Pushes(), 10_000, 0.02)[0]) == 0


def test_an_interval_of_zero_is_refused() -> None:
    with pytest.raises(MvpRealError, match="interval"):
        Pushes(interval=0.0)
