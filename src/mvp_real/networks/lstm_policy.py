"""A recurrent policy that begins afresh at the first token of each window."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mvp_real.networks.mlp_policy import mlp


class LstmPolicy(nn.Module):
    """tokens (B, T, D) and mask (B, T) to action (B, A).

    The state is carried over the window only, from zero, so that the policy runs behind the same interface as the
    others and learns from the same minibatches; its memory is as long as theirs.
    """

    def __init__(
        self, token: int, actions: int, width: int = 96, activation: str = "elu", window: int = 16
    ) -> None:
        super().__init__()
        self.window, self.width = window, width
        self.embed = nn.Linear(token, width)
        self.input = nn.Linear(width, 4 * width)
        self.recurrent = nn.Linear(width, 4 * width, bias=False)
        self.head = mlp([width, width, actions], activation)
        with torch.no_grad():
            nn.init.orthogonal_(self.recurrent.weight)
            self.input.bias.zero_()
            self.input.bias[width : 2 * width] = 1.0  # the forget gate begins open (Jozefowicz 2015)

    def hidden(self, tokens: Tensor, mask: Tensor) -> list[Tensor]:
        """Outputs (B, width) after each token."""
        gates_in = self.input(torch.tanh(self.embed(tokens)))
        present = mask[..., None].to(tokens.dtype)
        hidden = cell = torch.zeros_like(gates_in[:, 0, : self.width])
        outputs = []
        for step in range(tokens.shape[1]):
            into, forget, change, out = (gates_in[:, step] + self.recurrent(hidden)).chunk(4, dim=-1)
            cell = torch.sigmoid(forget) * cell + torch.sigmoid(into) * torch.tanh(change)
            # Before the first token there is nothing to remember.
            cell = cell * present[:, step]
            hidden = torch.sigmoid(out) * torch.tanh(cell) * present[:, step]
            outputs.append(hidden)
        return outputs

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        action: Tensor = self.head(self.hidden(tokens, mask)[-1])
        return action

    def all_positions(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Actions (B, T, A) at every token, each from itself and older ones."""
        action: Tensor = self.head(torch.stack(self.hidden(tokens, mask), dim=1))
        return action
