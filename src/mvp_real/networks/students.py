"""The networks that can run on the robot, by name and, for a fair comparison, by parameter count."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from mvp_real.errors import MvpRealError, unknown_name
from mvp_real.networks.causal_transformer import CausalTransformerPolicy, preset
from mvp_real.networks.cnn_policy import CnnPolicy
from mvp_real.networks.lstm_policy import LstmPolicy
from mvp_real.networks.stacked_mlp_policy import StackedMlpPolicy

KINDS = ("transformer", "mlp", "stacked_mlp", "cnn", "lstm")
TOLERANCE = 0.05
"""Largest relative difference of parameter counts that are called equal."""


def parameter_count(network: nn.Module) -> int:
    """Numbers that are learnt."""
    return sum(parameter.numel() for parameter in network.parameters())


def width_for(build: Callable[[int], nn.Module], parameters: int, widest: int = 4096) -> int:
    """The width with which `build(width)` comes nearest to a parameter count.

    Raises:
        MvpRealError: No width comes within 5 %.
    """

    def count(width: int) -> int:
        with torch.device("meta"):  # only shapes: no memory, no initial values
            return parameter_count(build(width))

    low, high = 1, widest
    while low < high:
        middle = (low + high) // 2
        if count(middle) < parameters:
            low = middle + 1
        else:
            high = middle
    best = min((max(1, low - 1), low), key=lambda width: abs(count(width) - parameters))
    found = count(best)
    if abs(found - parameters) > TOLERANCE * parameters:
        raise MvpRealError(
            f"no width gives {parameters} parameters within 5 %; the nearest, {best}, gives {found}"
        )
    return best


def build_student(
    kind: str, token: int, actions: int, size: str = "small", activation: str = "elu", window: int = 16
) -> nn.Module:
    """A network tokens (B, T, token), mask (B, T) -> action (B, actions).

    Args:
        kind: "transformer", "mlp" (the last token only), "stacked_mlp", "cnn" or "lstm".
        token, actions: Sizes.
        size: A preset of the Transformer; the others get as many parameters as it has, within 5 %.
        activation: Of MLPs in the networks that are no Transformer.
        window: T at most.

    Raises:
        MvpRealError: An unknown kind or size.
    """
    if kind not in KINDS:
        raise unknown_name("kind of student", kind, KINDS)
    transformer = CausalTransformerPolicy(token, actions, preset(size), window)
    if kind == "transformer":
        return transformer

    def build(width: int) -> nn.Module:
        if kind == "cnn":
            return CnnPolicy(token, actions, width, activation)
        if kind == "lstm":
            return LstmPolicy(token, actions, width, activation, window)
        stacked = 1 if kind == "mlp" else window
        return StackedMlpPolicy(token, actions, (width, width), activation, stacked, window)

    return build(width_for(build, parameter_count(transformer)))
