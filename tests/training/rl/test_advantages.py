"""Advantages by hand, and the difference between a fall and a time-out."""

from __future__ import annotations

import pytest
import torch

from mvp_real.training.rl.advantages import generalised_advantages

DISCOUNT, LAMBDA = 0.99, 0.95


def column(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)[:, None]


def advantages(reward, value, next_value, terminated=(), truncated=()):  # type: ignore[no-untyped-def]
    steps = len(reward)
    ends = torch.zeros(2, steps, 1, dtype=torch.bool)
    ends[0, list(terminated)], ends[1, list(truncated)] = True, True
    return generalised_advantages(reward, value, next_value, *ends, DISCOUNT, LAMBDA).squeeze(1).tolist()


def test_three_steps_by_hand() -> None:
    found = advantages(column(1, 1, 1), column(0.5, 0.5, 0.5), column(0.5, 0.5, 0.5))
    assert found == pytest.approx([2.810915, 1.930798, 0.995], abs=1e-6)


def test_a_time_out_bootstraps_and_a_fall_does_not() -> None:
    reward, value, after = column(1, 1), column(0.5, 0.5), column(0.5, 4.0)
    assert advantages(reward, value, after, truncated=[1])[1] == pytest.approx(1 + 0.99 * 4.0 - 0.5)
    assert advantages(reward, value, after, terminated=[1])[1] == pytest.approx(1 - 0.5)


@pytest.mark.parametrize("end", ["terminated", "truncated"])
def test_nothing_flows_back_over_the_end_of_an_episode(end: str) -> None:
    value, after = column(0.5, 0.5, 0.5), column(0.5, 0.7, 0.5)
    calm = advantages(column(1, 1, 1), value, after, **{end: [1]})
    wild = advantages(column(1, 1, 100), value, after, **{end: [1]})
    assert calm[:2] == wild[:2]
    assert calm[2] != wild[2]


def test_with_lambda_one_the_advantage_is_the_discounted_return_less_the_value() -> None:
    random = torch.Generator().manual_seed(0)
    reward, value = torch.randn(2, 6, 3, generator=random, dtype=torch.float64)
    last = torch.randn(1, 3, generator=random, dtype=torch.float64)
    never = torch.zeros(6, 3, dtype=torch.bool)
    found = generalised_advantages(reward, value, torch.cat([value[1:], last]), never, never, 0.9, 1.0)
    returns = last[0]
    for step in range(5, -1, -1):
        returns = reward[step] + 0.9 * returns
        torch.testing.assert_close(found[step], returns - value[step])
