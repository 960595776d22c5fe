"""Pre-norm Transformer block with the parameter names of timm and MAE."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

NORM_EPSILON = 1e-6


class Attention(nn.Module):
    """Multi-head self-attention; `qkv` holds q, k and v stacked, heads inside each (timm layout)."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        if dim % heads:
            raise ValueError(f"width {dim} is not divisible by {heads} attention heads")
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: Tensor, start: int = 0, mask: Tensor | None = None) -> Tensor:
        """Attend from the tokens `start:` of x ``(B, T, D)`` to all of them, or to those where `mask`
        ``(B, 1, T - start, T)`` is true; returns ``(B, T - start, D)``."""
        batch, tokens, dim = x.shape
        head_dim = dim // self.heads
        if start == 0:
            query, key, value = (
                self.qkv(x).view(batch, tokens, 3, self.heads, head_dim).permute(2, 0, 3, 1, 4)
            )
        else:
            # The queries of the first `start` tokens would be thrown away: do not compute them.
            query = functional.linear(x[:, start:], self.qkv.weight[:dim], self.qkv.bias[:dim])
            query = query.view(batch, tokens - start, self.heads, head_dim).transpose(1, 2)
            pair = functional.linear(x, self.qkv.weight[dim:], self.qkv.bias[dim:])
            key, value = pair.view(batch, tokens, 2, self.heads, head_dim).permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        return self.proj(attended.transpose(1, 2).reshape(batch, tokens - start, dim))

    def weights(self, x: Tensor) -> Tensor:
        """Attention weights ``(B, heads, T, T)`` (for pictures)."""
        batch, tokens, dim = x.shape
        qkv = self.qkv(x).view(batch, tokens, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        return torch.softmax(qkv[0] @ qkv[1].transpose(-2, -1) * (dim // self.heads) ** -0.5, dim=-1)


class FeedForward(nn.Module):
    """Two linear layers with the exact (erf) GELU between them."""

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden)
        self.fc2 = nn.Linear(hidden, dim)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(functional.gelu(self.fc1(x)))


class Block(nn.Module):
    """``x + attention(norm1(x))``, then ``x + mlp(norm2(x))``."""

    def __init__(self, dim: int, heads: int, mlp_ratio: float = 4.0) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=NORM_EPSILON)
        self.attn = Attention(dim, heads)
        self.norm2 = nn.LayerNorm(dim, eps=NORM_EPSILON)
        self.mlp = FeedForward(dim, int(dim * mlp_ratio))

    def forward(self, x: Tensor, start: int = 0, mask: Tensor | None = None) -> Tensor:
        """x ``(B, T, D)`` -> ``(B, T - start, D)``: the outputs of the tokens `start:` only."""
        x = x[:, start:] + self.attn(self.norm1(x), start, mask)
        return x + self.mlp(self.norm2(x))
