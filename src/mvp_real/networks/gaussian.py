"""Diagonal Gaussians over actions, written out: the policy's density, entropy and divergence."""

from __future__ import annotations

import math

import torch
from torch import Tensor

LOG_TWO_PI = math.log(2.0 * math.pi)


def log_probability(action: Tensor, mean: Tensor, log_std: Tensor) -> Tensor:
    """Log density (...,) of actions (..., A) under N(mean, exp(log_std)^2)."""
    scaled = (action - mean) * torch.exp(-log_std)
    constant = log_std.sum(dim=-1) + 0.5 * LOG_TWO_PI * action.shape[-1]
    return -0.5 * scaled.square().sum(dim=-1) - constant


def entropy(log_std: Tensor) -> Tensor:
    """Differential entropy (...,) for log standard deviations (..., A)."""
    return log_std.sum(dim=-1) + 0.5 * (1.0 + LOG_TWO_PI) * log_std.shape[-1]


def divergence(mean: Tensor, log_std: Tensor, other_mean: Tensor, other_log_std: Tensor) -> Tensor:
    """KL(first || other) (...,), summed over actions (Xiao 2023, eq. 6.2).

    In one dimension: means 0 and 1, both stds 1: 0.5; std 0.5 against 1: 0.318147; 1 against 0.5: 0.806853.
    """
    ratio = torch.exp(2.0 * (log_std - other_log_std))
    distance = ((mean - other_mean) * torch.exp(-other_log_std)).square()
    return (other_log_std - log_std + 0.5 * (ratio + distance - 1.0)).sum(dim=-1)
