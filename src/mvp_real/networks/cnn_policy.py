"""A convolutional policy over time: causal convolutions whose last output has seen the whole window."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from mvp_real.networks.mlp_policy import ACTIVATIONS, mlp
from mvp_real.networks.stacked_mlp_policy import marked

KERNEL = 4


class CnnPolicy(nn.Module):
    """tokens (B, T, D) and mask (B, T) to action (B, A).

    Linear embedding, two convolutions of four taps with dilation 1 and 4 (1 + 3 + 12 = 16 tokens), an MLP at the last
    token. Every layer also sees where tokens are missing.
    """

    window = KERNEL * KERNEL

    def __init__(self, token: int, actions: int, width: int = 96, activation: str = "elu") -> None:
        super().__init__()
        self.embed = nn.Linear(token + 1, width)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(width + 1, width, KERNEL, dilation=dilation) for dilation in (1, KERNEL)
        )
        self.activation = ACTIVATIONS[activation]()
        self.head = mlp([width, width, actions], activation)

    def all_positions(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Actions (B, T, A) at every token, each from itself and older ones."""
        action: Tensor = self.head(self.hidden(tokens, mask).transpose(1, 2))
        return action

    def hidden(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """(B, width, T)."""
        present = mask[:, None].to(tokens.dtype)
        x: Tensor = self.activation(self.embed(marked(tokens, mask))).transpose(1, 2)
        for convolution in self.convolutions:
            marked_x = torch.cat([x * present, present], dim=1)
            past = (KERNEL - 1) * int(convolution.dilation[0])  # type: ignore[index]
            x = self.activation(convolution(functional.pad(marked_x, (past, 0))))
        return x

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        action: Tensor = self.head(self.hidden(tokens, mask)[..., -1])
        return action
