"""The value function on the privileged state."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from mvp_real.networks.mlp_policy import mlp
from mvp_real.networks.phase_mirror import PhaseMirror
from mvp_real.networks.running_normaliser import RunningNormaliser


class Critic(nn.Module):
    """state (B, S) to value (B,), in units of the return; inside it learns normalised returns.

    Args:
        state: S.
        hidden: Hidden layers; [512, 512, 256, 128] gives 673,281 parameters on 480 numbers.
        normalise_value: Keep a running mean and spread of the returns (Xiao 2023, Table 6.4).
        mirror: Of the state: a state and its mirror image then have the same value.
    """

    def __init__(
        self,
        state: int,
        hidden: Sequence[int] = (256, 128),
        activation: str = "elu",
        normalise_value: bool = True,
        mirror: PhaseMirror | None = None,
    ) -> None:
        super().__init__()
        self.mirror = mirror
        self.normaliser = RunningNormaliser(state)
        self.network = mlp([state, *hidden, 1], activation, last_gain=1.0)
        # A small floor: returns may be small, and their normaliser sees no constant entries.
        self.returns = RunningNormaliser(1, clip=float("inf"), floor=1e-4) if normalise_value else None

    def in_frame(self, state: Tensor) -> Tensor:
        """States (..., S) as the normaliser sees them."""
        if self.mirror is None:
            return state
        flat = state.reshape(-1, state.shape[-1])
        return self.mirror.input_in_frame(flat, self.mirror.second_half(flat)).view_as(state)

    def prepare(self, state: Tensor) -> Tensor:
        """What the network reads; constant during an update."""
        prepared: Tensor = self.normaliser(self.in_frame(state))
        return prepared

    def normalised_value(self, prepared: Tensor) -> Tensor:
        """What the loss compares with `target(returns)`, (B,)."""
        value: Tensor = self.network(prepared).squeeze(-1)
        return value

    def target(self, returns: Tensor) -> Tensor:
        """Returns (...,) in the network's units."""
        if self.returns is None:
            return returns
        target: Tensor = self.returns(returns.unsqueeze(-1)).squeeze(-1)
        return target

    def value_of(self, prepared: Tensor) -> Tensor:
        """Value (B,) of prepared states."""
        value = self.normalised_value(prepared)
        return value if self.returns is None else self.returns.inverse(value.unsqueeze(-1)).squeeze(-1)

    def forward(self, state: Tensor) -> Tensor:
        return self.value_of(self.prepare(state))
