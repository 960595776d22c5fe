"""Constants that bring features, states and actions to zero mean and unit spread over the demonstrations.

A frozen feature has a large constant part that the controller's LayerNorm does not remove; taking it out per dimension
is what makes small readouts learn (measured in a prototype: the class token's training loss fell six-fold).
"""

from __future__ import annotations

import torch
from torch import Tensor

from mvp_real.errors import unknown_name
from mvp_real.networks.controller import Controller

SAMPLE = 1500
SPREAD_FLOOR = 0.05
"""Spreads below this share of the typical one are raised to it, so that near-constant dimensions are not blown up."""


def token_constants(tokens: Tensor, mode: str) -> tuple[Tensor, Tensor]:
    """Mean and inverse spread, (T, D) each, of tokens (N, T, D).

    Args:
        tokens: Tokens of the demonstrations.
        mode: "position" for every position and dimension apart; "dimension" pools the patch positions, the class
            token keeps its own; "none".
    """
    _, count, _ = tokens.shape
    if mode == "none":
        return torch.zeros(tokens.shape[1:]), torch.ones(tokens.shape[1:])
    if mode not in ("dimension", "position"):
        raise unknown_name("standardisation", mode, ("none", "dimension", "position"))
    if mode == "position" or count == 1:
        mean, spread = tokens.mean(dim=0), tokens.std(dim=0)
        return mean, inverse_spread(spread)
    patches = tokens[:, 1:].flatten(0, 1)
    mean = torch.cat([tokens[:, 0].mean(dim=0)[None], patches.mean(dim=0)[None].expand(count - 1, -1)])
    class_scale = inverse_spread(tokens[:, 0].std(dim=0))[None]
    patch_scale = inverse_spread(patches.std(dim=0))[None].expand(count - 1, -1)
    return mean, torch.cat([class_scale, patch_scale])


def inverse_spread(spread: Tensor) -> Tensor:
    """1 / spread with small spreads raised to 5 % of the median; 1 where everything is constant."""
    varying = spread[spread > 1e-8]
    if varying.numel() == 0:
        return torch.ones_like(spread)
    return 1.0 / spread.clamp_min(SPREAD_FLOOR * float(varying.median()))


def principal_directions(tokens: Tensor, components: int) -> Tensor:
    """(D, C) directions of the largest spread of standardised patch tokens (N, T, D), largest first."""
    patches = tokens[:, 1:].flatten(0, 1)
    _, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))
    return vectors[:, -components:].flip(1).contiguous()


def fit(
    controller: Controller,
    tokens: Tensor,
    states: Tensor,
    actions: Tensor,
    mode: str,
    state: bool,
    action: bool,
) -> None:
    """Store the constants in the controller's buffers.

    Tokens are standardised before a readout that learns, the pooled feature after one that does not.
    """
    # A few thousand frames determine the constants; all of them would only cost memory.
    tokens = tokens[:: max(1, len(tokens) // SAMPLE)]
    if controller.readout_learns:
        mean, scale = token_constants(tokens, mode)
        controller.feature_mean.copy_(mean)
        controller.feature_scale.copy_(scale)
        if controller.config.components:
            basis = principal_directions((tokens - mean) * scale, controller.config.components)
            controller.feature_basis.copy_(basis)
    elif mode != "none":
        with torch.no_grad():
            pooled = controller.readout(tokens)
        controller.pooled_mean.copy_(pooled.mean(dim=0))
        controller.pooled_scale.copy_(inverse_spread(pooled.std(dim=0)))
    if state:
        controller.state_mean.copy_(states.mean(dim=0))
        controller.state_scale.copy_(inverse_spread(states.std(dim=0)))
    if action:
        controller.action_scale.copy_(actions.square().mean(dim=0).sqrt().clamp_min(1e-4))
