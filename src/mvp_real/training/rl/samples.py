"""What the loss of an update compares with."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass
class Samples:
    """One rollout, flat over (T * N); actions in the network's frame.

    Attributes:
        action, old_mean: (T * N, A).
        old_log_probability, advantage, target: (T * N,); `target` is the return in the critic's units.
        state: As the critic reads it, (T * N, S).
        teacher_mean, teacher_log_std: Of the policy to imitate, (T * N, A), or None.
    """

    action: Tensor
    old_mean: Tensor
    old_log_probability: Tensor
    advantage: Tensor
    target: Tensor
    state: Tensor
    teacher_mean: Tensor | None = None
    teacher_log_std: Tensor | None = None

    def rows(self, sample: Tensor) -> dict[str, Tensor]:
        """The chosen samples, by name."""
        return {
            name: value.index_select(0, sample) for name, value in vars(self).items() if value is not None
        }
