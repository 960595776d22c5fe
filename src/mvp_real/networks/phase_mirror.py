"""A policy that is exactly left-right symmetric: it only ever sees the first half of the gait.

In the second half of the gait period the input is mirrored, and so is the action that comes out. Mirror images are
permutations with signs.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

SHIFT = 1e-3
"""rad; the gait's clock stands exactly at the border in some ticks, where rounding must not decide."""


class PhaseMirror(nn.Module):
    """Mirror images of inputs (..., D) and actions (..., A), and when to take them.

    Args:
        input_order, input_sign: The mirror image of x is x[order] * sign; (D,) each.
        action_order, action_sign: The same for actions, (A,) each.
        clock: Where sine and cosine of the gait phase stand in the input.
    """

    def __init__(
        self,
        input_order: NDArray[np.intp],
        input_sign: NDArray[np.float64],
        action_order: NDArray[np.intp],
        action_sign: NDArray[np.float64],
        clock: tuple[int, int],
    ) -> None:
        super().__init__()
        self.clock = clock
        self.input_order: Tensor
        self.input_sign: Tensor
        self.action_order: Tensor
        self.action_sign: Tensor
        for name, order, sign in (
            ("input", input_order, input_sign),
            ("action", action_order, action_sign),
        ):
            self.register_buffer(
                f"{name}_order", torch.as_tensor(np.array(order, np.int64)), persistent=False
            )
            self.register_buffer(
                f"{name}_sign", torch.as_tensor(np.array(sign, np.float32)), persistent=False
            )

    def second_half(self, x: Tensor) -> Tensor:
        """Whether the clock of x (B, D), or of the last token of x (B, T, D), is in its second half, (B,) bool."""
        last = x if x.ndim == 2 else x[:, -1]
        sine, cosine = last[:, self.clock[0]], last[:, self.clock[1]]
        # Half a period turns the sign of both, so that exactly one of a state and its mirror image is mirrored.
        return sine * float(np.cos(SHIFT)) - cosine * float(np.sin(SHIFT)) < 0.0

    def mirror_input(self, x: Tensor) -> Tensor:
        """Mirror image of inputs (..., D)."""
        return x[..., self.input_order] * self.input_sign

    def mirror_action(self, action: Tensor) -> Tensor:
        """Mirror image of actions (..., A)."""
        return action[..., self.action_order] * self.action_sign

    def mirror_spread(self, log_std: Tensor) -> Tensor:
        """Mirror image of standard deviations (..., A) or their logarithms, which have no sign to change."""
        return log_std[..., self.action_order]

    def input_in_frame(self, x: Tensor, flip: Tensor) -> Tensor:
        """x (B, ..., D), mirrored where `flip` (B,) is set."""
        return torch.where(_like(flip, x), self.mirror_input(x), x)

    def action_in_frame(self, action: Tensor, flip: Tensor) -> Tensor:
        """Actions (B, ..., A), mirrored where `flip` (B,) is set; applied twice it changes nothing."""
        return torch.where(_like(flip, action), self.mirror_action(action), action)


def _like(flip: Tensor, x: Tensor) -> Tensor:
    return flip.view(-1, *([1] * (x.ndim - 1)))
