"""The walking policy: a causal Transformer over the last 16 tokens (Xiao 2023, sec. 6.3.1 and 6.4.5)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mvp_real.errors import unknown_name
from mvp_real.networks.blocks import NORM_EPSILON, Block
from mvp_real.networks.mlp_policy import mlp


@dataclass(frozen=True)
class TransformerSize:
    """Sizes between the token and the action.

    Attributes:
        width, blocks, heads, mlp_ratio: Of the blocks.
        embed_hidden: Hidden layers of the MLP that embeds a token.
        head_hidden: Hidden layers of the MLP that gives the action.
    """

    width: int = 192
    blocks: int = 4
    heads: int = 4
    mlp_ratio: float = 2.0
    embed_hidden: tuple[int, ...] = (512, 512)
    head_hidden: tuple[int, ...] = (256, 128)


PRESETS = {
    "thesis": TransformerSize(),  # every size as the text has it: 1,689,316 parameters on tokens of 102, actions of 36
    "1.4M": TransformerSize(embed_hidden=(512,)),  # the number that the text has: 1,426,660
    "small": TransformerSize(
        64, 2, 4, embed_hidden=(128,), head_hidden=(128,)
    ),  # 101,476: trains on one core
    "tiny": TransformerSize(16, 1, 2, embed_hidden=(16,), head_hidden=(16,)),  # learns toys in seconds
}


def preset(name: str) -> TransformerSize:
    """Sizes by name.

    Raises:
        MvpRealError: No such preset.
    """
    if name not in PRESETS:
        raise unknown_name("size of the Transformer", name, PRESETS)
    return PRESETS[name]


def interleaved_positions(count: int, dim: int) -> Tensor:
    """Sinusoids (count, dim), sine and cosine by turns: position 0 is 0, 1, 0, 1, ... (Vaswani 2017)."""
    frequency = 10000.0 ** (-torch.arange(0, dim, 2, dtype=torch.float64) / dim)
    angle = torch.arange(count, dtype=torch.float64)[:, None] * frequency
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)


class CausalTransformerPolicy(nn.Module):
    """tokens (B, T, D) and mask (B, T) to action (B, A); T is at most the window.

    Token -> MLP -> width, plus the sinusoid of its place in the window -> pre-norm blocks in which a token sees itself
    and older ones -> LayerNorm -> MLP at the last token. Places count from the end: the newest token has the last one,
    also in a shorter window. Where the mask is false there is no token: it is seen by no other one.
    """

    def __init__(
        self, token: int, actions: int, size: TransformerSize | None = None, window: int = 16
    ) -> None:
        super().__init__()
        self.window, self.size = window, size or TransformerSize()
        width = self.size.width
        self.embed = mlp([token, *self.size.embed_hidden, width], last_gain=1.0)
        self.positions: Tensor
        self.register_buffer(
            "positions", interleaved_positions(window, width).to(torch.float32), persistent=False
        )
        self.blocks = nn.ModuleList(
            Block(width, self.size.heads, self.size.mlp_ratio) for _ in range(self.size.blocks)
        )
        self.norm = nn.LayerNorm(width, eps=NORM_EPSILON)
        self.head = mlp([width, *self.size.head_hidden, actions])
        self.causal: Tensor
        self.register_buffer("causal", torch.ones(window, window, dtype=torch.bool).tril(), persistent=False)

    def hidden(self, tokens: Tensor, mask: Tensor, last: bool = False) -> Tensor:
        """Outputs of the blocks, (B, T, width), or only that of the last token, (B, 1, width)."""
        count = tokens.shape[1]
        x = self.embed(tokens) + self.positions[self.window - count :]
        # A token that is none sees itself: a row of the softmax without anything would not be a number.
        itself = torch.eye(count, dtype=torch.bool, device=tokens.device)
        visible = (self.causal[:count, :count] & mask[:, None, :]) | itself
        visible = visible[:, None]
        for block in self.blocks[:-1]:
            x = block(x, 0, visible)
        start = count - 1 if last else 0
        outputs: Tensor = self.blocks[-1](x, start, visible[:, :, start:])
        return outputs

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        action: Tensor = self.head(self.norm(self.hidden(tokens, mask, last=True)[:, 0]))
        return action

    def all_positions(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Actions (B, T, A) at every token, each from itself and older ones."""
        action: Tensor = self.head(self.norm(self.hidden(tokens, mask)))
        return action
