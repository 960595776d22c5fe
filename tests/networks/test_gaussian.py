"""Densities, entropy and divergence agree with torch's distributions and with values by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch.distributions import Independent, Normal, kl_divergence

from mvp_real.networks.gaussian import divergence, entropy, log_probability


@pytest.mark.parametrize(
    ("mean", "std", "other_mean", "other_std", "expected"),
    [(0.0, 1.0, 1.0, 1.0, 0.5), (0.0, 0.5, 0.0, 1.0, 0.318147), (0.0, 1.0, 0.0, 0.5, 0.806853)],
)
def test_divergence_by_hand(
    mean: float, std: float, other_mean: float, other_std: float, expected: float
) -> None:
    first = torch.tensor([mean]), torch.tensor([math.log(std)])
    other = torch.tensor([other_mean]), torch.tensor([math.log(other_std)])
    assert float(divergence(*first, *other)) == pytest.approx(expected, abs=1e-6)


def test_all_three_agree_with_torch() -> None:
    random = torch.Generator().manual_seed(0)
    mean, other_mean, action = torch.randn(3, 7, 5, generator=random)
    log_std, other_log_std = 0.3 * torch.randn(2, 5, generator=random)
    first = Independent(Normal(mean, log_std.exp().expand_as(mean)), 1)
    other = Independent(Normal(other_mean, other_log_std.exp().expand_as(mean)), 1)
    torch.testing.assert_close(log_probability(action, mean, log_std), first.log_prob(action))
    torch.testing.assert_close(entropy(log_std).expand(7), first.entropy())
    torch.testing.assert_close(
        divergence(mean, log_std, other_mean, other_log_std), kl_divergence(first, other)
    )
