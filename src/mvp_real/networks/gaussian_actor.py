"""A stochastic policy: normaliser, network for the mean, state-independent spread."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from mvp_real.networks.running_normaliser import RunningNormaliser

SOURCES = ("observation", "state", "tokens")


class GaussianActor(nn.Module):
    """Action distribution N(network(normalise(x)), exp(log_std)^2).

    Attributes:
        source: What x is: "observation" (B, O), "state" (B, S), or "tokens" (B, T, O + A) with a mask (B, T).
        log_std: (A,), learnt, the same in every state (Xiao 2023, sec. 6.3.1).
    """

    def __init__(
        self, source: str, inputs: int, actions: int, network: nn.Module, initial_std: float = 1.0
    ) -> None:
        super().__init__()
        self.source, self.inputs, self.actions = source, inputs, actions
        self.normaliser = RunningNormaliser(inputs)
        self.network = network
        self.log_std = nn.Parameter(torch.full((actions,), math.log(initial_std)))

    def prepare(self, x: Tensor) -> Tensor:
        """What the network reads; constant during an update, so that a rollout is prepared once."""
        prepared: Tensor = self.normaliser(x)
        return prepared

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Mean action (B, A): what the robot carries out."""
        prepared = self.prepare(x)
        mean: Tensor = self.network(prepared) if mask is None else self.network(prepared, mask)
        return mean

    @torch.no_grad()
    def limit_std(self, lowest: float, highest: float) -> None:
        """Keep every standard deviation within bounds."""
        self.log_std.clamp_(math.log(lowest), math.log(highest))
