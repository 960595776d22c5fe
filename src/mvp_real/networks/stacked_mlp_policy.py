"""An MLP on the last tokens side by side: what a memory without structure can do."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mvp_real.networks.mlp_policy import mlp


class StackedMlpPolicy(nn.Module):
    """tokens (B, T, D) and mask (B, T) to action (B, A), from the last `stacked` tokens.

    With one token this is a policy without memory. Beside each token stands 1, and zeros where there is none.
    """

    def __init__(
        self,
        token: int,
        actions: int,
        hidden: Sequence[int] = (256, 128),
        activation: str = "elu",
        stacked: int = 16,
        window: int = 16,
    ) -> None:
        super().__init__()
        self.window, self.stacked = window, stacked
        self.layers = mlp([stacked * (token + 1), *hidden, actions], activation)

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        action: Tensor = self.layers(marked(tokens, mask)[:, -self.stacked :].flatten(1))
        return action

    def all_positions(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Actions (B, T, A) at every token, each from itself and older ones."""
        x = nn.functional.pad(marked(tokens, mask), (0, 0, self.stacked - 1, 0))
        # (B, T, D + 1, stacked) -> (B, T, stacked * (D + 1))
        action: Tensor = self.layers(x.unfold(1, self.stacked, 1).transpose(2, 3).flatten(2))
        return action


def marked(tokens: Tensor, mask: Tensor) -> Tensor:
    """Tokens (B, T, D + 1) with a 1 beside each and zeros where there is none."""
    present = mask[..., None].to(tokens.dtype)
    return torch.cat([tokens * present, present], dim=-1)
