"""A stochastic policy: normaliser, network for the mean, state-independent spread."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from mvp_real.networks.phase_mirror import PhaseMirror
from mvp_real.networks.running_normaliser import RunningNormaliser

SOURCES = ("observation", "state", "tokens")


class GaussianActor(nn.Module):
    """Action distribution N(network(normalise(x)), exp(log_std)^2).

    Attributes:
        source: What x is: "observation" (B, O), "state" (B, S), or "tokens" (B, T, O + A) with a mask (B, T).
        log_std: (A,), learnt, the same in every state (Xiao 2023, sec. 6.3.1).
        mirror: If set, normaliser, network and spread work in a frame of their own, in which the gait is always in its
            first half; `frame` tells where inputs and actions have to be mirrored to get there.
    """

    def __init__(
        self,
        source: str,
        inputs: int,
        actions: int,
        network: nn.Module,
        initial_std: float = 1.0,
        mirror: PhaseMirror | None = None,
    ) -> None:
        super().__init__()
        self.source, self.inputs, self.actions = source, inputs, actions
        self.normaliser = RunningNormaliser(inputs)
        self.network = network
        self.mirror = mirror
        self.log_std = nn.Parameter(torch.full((actions,), math.log(initial_std)))

    def frame(self, x: Tensor) -> Tensor | None:
        """Which of the inputs (B, ..., D) have to be mirrored, (B,) bool; None if there is no mirror."""
        return None if self.mirror is None else self.mirror.second_half(x)

    def input_in_frame(self, x: Tensor, flip: Tensor | None) -> Tensor:
        """Inputs as the normaliser sees them."""
        return x if self.mirror is None or flip is None else self.mirror.input_in_frame(x, flip)

    def action_in_frame(self, action: Tensor, flip: Tensor | None) -> Tensor:
        """Actions of the robot as the network gives them, and back."""
        return action if self.mirror is None or flip is None else self.mirror.action_in_frame(action, flip)

    def spread_in_frame(self, log_std: Tensor, flip: Tensor | None) -> Tensor:
        """Log standard deviations (B, A) of the robot's actions as the network has them, and back."""
        if self.mirror is None or flip is None:
            return log_std
        return torch.where(flip[:, None], self.mirror.mirror_spread(log_std), log_std)

    def log_std_of(self, x: Tensor) -> Tensor:
        """Log standard deviations (B, A) of the robot's actions."""
        return self.spread_in_frame(self.log_std.expand(len(x), -1), self.frame(x))

    def prepare(self, x: Tensor) -> Tensor:
        """What the network reads; constant during an update, so that a rollout is prepared once."""
        prepared: Tensor = self.normaliser(self.input_in_frame(x, self.frame(x)))
        return prepared

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Mean action (B, A): what the robot carries out."""
        flip = self.frame(x)
        prepared = self.normaliser(self.input_in_frame(x, flip))
        mean = self.network(prepared) if mask is None else self.network(prepared, mask)
        return self.action_in_frame(mean, flip)

    @torch.no_grad()
    def limit_std(self, lowest: float, highest: float) -> None:
        """Keep every standard deviation within bounds."""
        self.log_std.clamp_(math.log(lowest), math.log(highest))
