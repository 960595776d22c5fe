"""Multi-layer perceptrons of the locomotion controller: state policy, critic, one-step and stacked students."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from mvp_real.errors import unknown_name

ACTIVATIONS: dict[str, type[nn.Module]] = {"selu": nn.SELU, "elu": nn.ELU, "relu": nn.ReLU, "tanh": nn.Tanh}


def mlp(sizes: Sequence[int], activation: str = "elu", last_gain: float = 0.01) -> nn.Sequential:
    """Linear layers between consecutive `sizes`, an activation after each but the last.

    Orthogonal weights with gain sqrt(2), last layer `last_gain`, zero biases.

    Raises:
        MvpRealError: No such activation.
    """
    if activation not in ACTIVATIONS:
        raise unknown_name("activation", activation, ACTIVATIONS)
    layers: list[nn.Module] = []
    for before, after in pairwise(sizes):
        linear = nn.Linear(before, after)
        nn.init.orthogonal_(linear.weight, math.sqrt(2))
        nn.init.zeros_(linear.bias)
        layers += [linear, ACTIVATIONS[activation]()]
    layers.pop()
    last = layers[-1]
    assert isinstance(last, nn.Linear)
    nn.init.orthogonal_(last.weight, last_gain)
    return nn.Sequential(*layers)


class MlpPolicy(nn.Module):
    """x (..., D) to (..., A). The state policy of the thesis is 480 -> 512 -> 512 -> 256 -> 128 -> 36.

    Args:
        inputs, actions, hidden: Sizes.
        activation: Between the layers.
        unseen: Parts of x that it never reads. What tells nothing of the future, such as the noise of this step's
            measurement, would otherwise reach the action through weights that nothing pulls to zero.
    """

    def __init__(
        self,
        inputs: int,
        actions: int,
        hidden: Sequence[int] = (256, 128),
        activation: str = "elu",
        unseen: Sequence[slice] = (),
    ) -> None:
        super().__init__()
        self.layers = mlp([inputs, *hidden, actions], activation)
        seen = torch.ones(inputs) if unseen else None
        for part in unseen:
            assert seen is not None
            seen[part] = 0.0
        self.seen: Tensor | None
        self.register_buffer("seen", seen, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        action: Tensor = self.layers(x if self.seen is None else x * self.seen)
        return action
