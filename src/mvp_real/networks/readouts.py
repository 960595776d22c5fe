"""How a controller reads the tokens of a frozen encoder: (B, T, D) standardised tokens to a (B, F) feature."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from mvp_real.errors import MvpRealError, unknown_name

GRID_CELLS = 4


class ClassReadout(nn.Module):
    """The class token, the thesis's feature (Xiao 2023, sec. 4.4)."""

    def __init__(self, tokens: int, dim: int) -> None:
        super().__init__()
        self.features = dim

    def forward(self, tokens: Tensor) -> Tensor:
        return tokens[:, 0]


class MeanReadout(nn.Module):
    """The mean of the patch tokens."""

    def __init__(self, tokens: int, dim: int) -> None:
        super().__init__()
        _patch_grid("mean", tokens)
        self.features = dim

    def forward(self, tokens: Tensor) -> Tensor:
        return tokens[:, 1:].mean(dim=1)


class FlatReadout(nn.Module):
    """All numbers as they are: for encoders with a single token, such as raw pixels or the oracle state."""

    def __init__(self, tokens: int, dim: int) -> None:
        super().__init__()
        self.features = tokens * dim

    def forward(self, tokens: Tensor) -> Tensor:
        return tokens.flatten(1)


class GridReadout(nn.Module):
    """Patch tokens averaged over a 4 x 4 grid of cells: F = 16 D."""

    def __init__(self, tokens: int, dim: int) -> None:
        super().__init__()
        self.side = _patch_grid("grid", tokens)
        if self.side % GRID_CELLS:
            raise MvpRealError(
                f"readout 'grid' needs a patch grid divisible by {GRID_CELLS}, got {self.side} x {self.side}"
            )
        self.features = GRID_CELLS**2 * dim

    def forward(self, tokens: Tensor) -> Tensor:
        cell = self.side // GRID_CELLS
        cells = tokens[:, 1:].unflatten(1, (GRID_CELLS, cell, GRID_CELLS, cell))
        return cells.mean(dim=(2, 4)).flatten(1)


class KeypointReadout(nn.Module):
    """Spatial softmax: where in the image each of K learned linear maps is strongest.

    A map is a linear function of one patch token; a softmax over the positions with a learned temperature turns it
    into a distribution, of which the expected x and y in -1..1 are the feature: F = 2 K (after Levine 2016, sec. 5.1,
    on frozen tokens instead of trained convolutions). With `hidden`, a map is a function with one hidden layer: it can
    answer to fruits of several colours at once.
    """

    def __init__(self, tokens: int, dim: int, keypoints: int = 32, hidden: int = 0) -> None:
        super().__init__()
        side = _patch_grid("keypoints", tokens)
        self.hidden = nn.Linear(dim, hidden) if hidden else None
        # Without bias: a softmax over positions does not see it.
        self.maps = nn.Linear(hidden or dim, keypoints, bias=False)
        self.log_temperature = nn.Parameter(torch.zeros(keypoints))
        axis = (torch.arange(side, dtype=torch.float32) + 0.5) / side * 2 - 1
        rows, columns = torch.meshgrid(axis, axis, indexing="ij")
        self.register_buffer("positions", torch.stack([columns.flatten(), rows.flatten()], dim=1))
        self.features = 2 * keypoints

    def forward(self, tokens: Tensor) -> Tensor:
        return self.from_patches(tokens[:, 1:])

    def from_patches(self, patches: Tensor) -> Tensor:
        """The same without the class token: (B, N, D) to (B, F)."""
        return (self.weights(patches) @ self.positions).flatten(1)

    def points(self, tokens: Tensor) -> Tensor:
        """Keypoints (B, K, 2) as x (right) and y (down) in -1..1."""
        return self(tokens).unflatten(1, (-1, 2))

    def weights(self, patches: Tensor) -> Tensor:
        """Attention of each map over the patches (B, N, D), (B, K, N)."""
        if self.hidden is not None:
            patches = functional.gelu(self.hidden(patches))
        scaled = self.maps.weight / self.log_temperature.exp().unsqueeze(1)
        scores = functional.linear(patches, scaled).transpose(1, 2).contiguous()
        return torch.softmax(scores, dim=2)


class AttentionReadout(nn.Module):
    """Attention pooling: Q learned queries over the patch tokens, V values each: F = Q V."""

    def __init__(self, tokens: int, dim: int, queries: int = 8, values: int = 32) -> None:
        super().__init__()
        _patch_grid("attention", tokens)
        self.queries = nn.Linear(dim, queries, bias=False)
        self.values = nn.Linear(dim, values)
        self.features = queries * values

    def forward(self, tokens: Tensor) -> Tensor:
        return self.from_patches(tokens[:, 1:])

    def from_patches(self, patches: Tensor) -> Tensor:
        """The same without the class token: (B, N, D) to (B, F)."""
        weights = torch.softmax(self.queries(patches).transpose(1, 2), dim=2)
        return (weights @ self.values(patches)).flatten(1)


READOUTS: dict[str, type[nn.Module]] = {
    "class": ClassReadout,
    "mean": MeanReadout,
    "flat": FlatReadout,
    "grid": GridReadout,
    "keypoints": KeypointReadout,
    "attention": AttentionReadout,
}


def readout_learns(name: str) -> bool:
    """Whether a readout has parameters of its own."""
    return name in ("keypoints", "attention")


def make_readout(name: str, tokens: int, dim: int, keypoints: int = 32, hidden: int = 0) -> nn.Module:
    """Build a readout for T = `tokens` tokens (class token included) of width D = `dim`.

    Raises:
        MvpRealError: No such readout, or the encoder has no patch tokens to read.
    """
    if name not in READOUTS:
        raise unknown_name("readout", name, READOUTS)
    if name == "keypoints":
        return KeypointReadout(tokens, dim, keypoints, hidden)
    return READOUTS[name](tokens, dim)


def _patch_grid(readout: str, tokens: int) -> int:
    """Side of the square grid of patches beside the class token."""
    side = math.isqrt(max(tokens - 1, 0))
    if side == 0 or side * side != tokens - 1:
        raise MvpRealError(
            f"readout '{readout}' needs a class token and a square grid of patch tokens, the encoder gives "
            f"{tokens} token(s); use the readout 'flat' for a single token"
        )
    return side
