"""Draws of commands against table 6.2."""

from __future__ import annotations

import numpy as np
import pytest

from mvp_real.errors import MvpRealError
from mvp_real.tasks.digit.commands import CommandRanges, draw_commands

COMMANDS = draw_commands(np.random.default_rng(0), 100_000, CommandRanges())


@pytest.mark.parametrize(("column", "share"), [(0, 0.2 / 1.3), (1, 1.0 / 3.0), (2, 0.26)])
def test_share_of_zeros(column: int, share: float) -> None:
    assert (COMMANDS[:, column] == 0.0).mean() == pytest.approx(share, abs=0.01)


def test_ranges_and_cut_offs() -> None:
    ranges = CommandRanges()
    for column, name in enumerate(("forward", "sideways", "turn")):
        values, (low, high) = COMMANDS[:, column], getattr(ranges, name)
        assert low <= values.min() <= low + 0.01
        assert high - 0.01 <= values.max() <= high
        assert np.abs(values[values != 0.0]).min() >= ranges.cut_off[column]


def test_commands_are_independent() -> None:
    assert np.abs(np.corrcoef(COMMANDS.T) - np.eye(3)).max() < 0.02


def test_some_draws_stand_still() -> None:
    commands = draw_commands(np.random.default_rng(0), 20_000, CommandRanges(standing=0.3))
    assert 0.3 <= (commands == 0.0).all(axis=1).mean() < 0.33


def test_a_range_the_wrong_way_round_is_refused() -> None:
    with pytest.raises(MvpRealError, match="sideways"):
        CommandRanges(sideways=(0.3, -0.3))
