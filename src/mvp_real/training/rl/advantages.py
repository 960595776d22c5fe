"""Generalised advantage estimation (Schulman 2016) with bootstrapping on time-outs and none on falls."""

from __future__ import annotations

import torch
from torch import Tensor


def generalised_advantages(
    reward: Tensor,
    value: Tensor,
    next_value: Tensor,
    terminated: Tensor,
    truncated: Tensor,
    discount: float,
    gae_lambda: float,
) -> Tensor:
    """Advantages (T, N).

    Args:
        reward: (T, N).
        value: Of the state each action was taken in, (T, N).
        next_value: Of the state that followed, (T, N): where an episode ended, that of its last state, not of
            the first state of the next episode.
        terminated: True where the episode ended by a fall: nothing follows, (T, N) bool.
        truncated: True where the time ran out: the value of the last state stands for what would follow.
        discount, gae_lambda: gamma and lambda.
    """
    delta = reward + discount * next_value * ~terminated - value
    carries = discount * gae_lambda * (~(terminated | truncated)).to(reward.dtype)
    advantage = torch.empty_like(reward)
    running = torch.zeros_like(reward[0])
    for step in range(len(reward) - 1, -1, -1):
        running = delta[step] + carries[step] * running
        advantage[step] = running
    return advantage
