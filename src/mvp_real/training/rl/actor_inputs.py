"""What the policy reads in an update: prepared once per rollout, gathered per minibatch.

An MLP reads one row per sample. A network with a window reads the same windows as on the robot; its loss is taken at
the last token, or at all tokens: then a window of 16 counts as up to 16 samples, which makes an update several times
cheaper (see `WindowInputs`).
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from mvp_real.networks.gaussian_actor import GaussianActor
from mvp_real.training.rl.rollout import Rollout


class ActorInputs(Protocol):
    """Rows of samples, or of windows: `rows` x `robots` of them.

    Attributes:
        flip: Whether the policy works on the mirrored robot in each sample, (T * N,) bool; None without a mirror.
    """

    rows: int
    robots: int
    flip: Tensor | None

    def means(self, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Mean actions (K, A), in the network's frame, and the samples (K,) that they belong to, as flat indices
        t * N + n, for the chosen rows (B,)."""
        ...

    def raw(self) -> Tensor:
        """What the normaliser learns from, (..., D)."""
        ...


class FlatInputs:
    """Observations or states, one per sample."""

    def __init__(self, actor: GaussianActor, rollout: Rollout) -> None:
        seen = rollout.observation if actor.source == "observation" else rollout.state
        self.rows, self.robots = seen.shape[:2]
        self.network = actor.network
        flat = seen.flatten(0, 1)
        self.flip = actor.frame(flat)
        self._raw = actor.input_in_frame(flat, self.flip)
        self.prepared: Tensor = actor.normaliser(self._raw)

    def means(self, chosen: Tensor) -> tuple[Tensor, Tensor]:
        return self.network(self.prepared.index_select(0, chosen)), chosen

    def raw(self) -> Tensor:
        return self._raw


class WindowInputs:
    """Windows of tokens.

    Args:
        actor: With a network that has a `window`.
        rollout: With tokens.
        every_position: Take the loss at all tokens of non-overlapping windows. Each sample then belongs to one window,
            in which it sees at most as much of the past as on the robot, but often less.
    """

    def __init__(self, actor: GaussianActor, rollout: Rollout, every_position: bool = False) -> None:
        assert rollout.tokens is not None
        assert rollout.age is not None
        self.actor, self.network = actor, actor.network
        rows, self.robots, self.size = rollout.tokens.shape
        self.window = int(actor.network.window)  # type: ignore[arg-type]
        self.past = self.window - 1
        self.every_position = every_position
        self.steps = rows - self.past
        # The last step of every window: all of them, or every 16th counted from the end.
        stride = self.window if every_position else 1
        self.ends = torch.arange(self.steps - 1, -1, -stride, device=rollout.tokens.device).flip(0)
        self.rows = len(self.ends)
        self.age = rollout.age
        flat = rollout.tokens.view(-1, self.size)
        self._raw = actor.input_in_frame(flat, actor.frame(flat))
        self.flip = actor.frame(flat[self.past * self.robots :])
        # Both sides of the mirror: the frame of a token is that of the last one of its window.
        sides = [flat] if actor.mirror is None else [flat, actor.mirror.mirror_input(flat)]
        self.prepared = torch.cat([actor.normaliser(side) for side in sides])

    def raw(self) -> Tensor:
        return self._raw[self.past * self.robots :]

    def gather(self, chosen: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Windows (B, W, D), their mask (B, W) bool, steps (B, W) of their tokens (negative: of an earlier rollout) and
        robots (B, 1)."""
        end, robot = self.ends[chosen // self.robots], (chosen % self.robots)[:, None]
        back = torch.arange(self.past, -1, -1, device=chosen.device)
        step = end[:, None] - back
        index = (step + self.past) * self.robots + robot
        if self.flip is not None:
            flip = self.flip[end * self.robots + robot[:, 0]]
            index = index + flip[:, None] * (len(self.prepared) // 2)
        window = self.prepared.index_select(0, index.flatten()).view(len(chosen), self.window, self.size)
        mask = back <= self.age[end + self.past, robot[:, 0]][:, None]
        return window, mask, step, robot

    def means(self, chosen: Tensor) -> tuple[Tensor, Tensor]:
        window, mask, step, robot = self.gather(chosen)
        sample = step * self.robots + robot
        if not self.every_position:
            return self.network(window, mask), sample[:, -1]
        own = mask & (step >= 0)
        if self.flip is not None:
            # Where the frame of the window is not that of the sample, its action would have to be mirrored again.
            own &= self.flip[sample.clamp_min(0)] == self.flip[sample[:, -1:]]
        mean = self.network.all_positions(window, mask)  # type: ignore[operator]
        return mean[own], sample[own]


def actor_inputs(actor: GaussianActor, rollout: Rollout, every_position: bool = False) -> ActorInputs:
    """The inputs that the policy's source asks for."""
    if actor.source == "tokens":
        return WindowInputs(actor, rollout, every_position)
    return FlatInputs(actor, rollout)
