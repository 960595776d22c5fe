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
from mvp_real.training.rl.distributed import Replicas
from mvp_real.training.rl.rollout import Rollout


class ActorInputs(Protocol):
    """Parts of a rollout that the policy takes at a time: samples, or windows.

    Attributes:
        flip: Whether the policy works on the mirrored robot in each sample, (T * N,) bool; None without a mirror.
        every: Numbers of all parts, (P,).
    """

    flip: Tensor | None
    every: Tensor

    def minibatches(self, replicas: Replicas, count: int, generator: torch.Generator) -> list[Tensor]:
        """All parts of this process in random order, in so many heaps."""
        ...

    def means(self, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Mean actions (K, A), in the network's frame, and the samples (K,) that they belong to, as flat indices
        t * N + n, for the chosen parts (B,)."""
        ...

    def raw(self) -> Tensor:
        """What the normaliser learns from, (..., D)."""
        ...


class FlatInputs:
    """Observations or states, one per sample."""

    def __init__(self, actor: GaussianActor, rollout: Rollout) -> None:
        seen = rollout.observation if actor.source == "observation" else rollout.state
        self.rows, self.robots = seen.shape[:2]
        self.every = torch.arange(self.rows * self.robots, device=seen.device)
        self.network = actor.network
        flat = seen.flatten(0, 1)
        self.flip = actor.frame(flat)
        self._raw = actor.input_in_frame(flat, self.flip)
        self.prepared: Tensor = actor.normaliser(self._raw)

    def minibatches(self, replicas: Replicas, count: int, generator: torch.Generator) -> list[Tensor]:
        return replicas.minibatches(self.rows, self.robots, count, generator)

    def means(self, chosen: Tensor) -> tuple[Tensor, Tensor]:
        return self.network(self.prepared.index_select(0, chosen)), chosen

    def raw(self) -> Tensor:
        return self._raw


class WindowInputs:
    """Windows of tokens.

    Args:
        actor: With a network that has a `window`.
        rollout: With tokens.
        every_position: Take the loss at all tokens. The steps of each episode are then cut into windows, counted from
            the episode's or the rollout's end, so that every sample belongs to one window. In it a sample sees at most
            as much of the past as on the robot, but often less.
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
        samples = torch.arange(self.steps * self.robots, device=rollout.tokens.device)
        self.ends = samples[window_ends(rollout, self.window).flatten()] if every_position else samples
        self.every = torch.arange(len(self.ends), device=samples.device)
        self.age = rollout.age
        flat = rollout.tokens.view(-1, self.size)
        self._raw = actor.input_in_frame(flat, actor.frame(flat))
        self.flip = actor.frame(flat[self.past * self.robots :])
        # Both sides of the mirror: the frame of a token is that of the last one of its window.
        sides = [flat] if actor.mirror is None else [flat, actor.mirror.mirror_input(flat)]
        self.prepared = torch.cat([actor.normaliser(side) for side in sides])

    def minibatches(self, replicas: Replicas, count: int, generator: torch.Generator) -> list[Tensor]:
        if not self.every_position:
            return replicas.minibatches(self.steps, self.robots, count, generator)
        # Every process has its own number of windows, but as many heaps.
        order = torch.randperm(len(self.ends), generator=generator)
        return list(torch.tensor_split(order, count))

    def raw(self) -> Tensor:
        return self._raw[self.past * self.robots :]

    def gather(self, chosen: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Windows (B, W, D), their mask (B, W) bool and the samples (B, W) of their tokens, negative where a token is
        of an earlier rollout."""
        end = self.ends[chosen]
        back = torch.arange(self.past, -1, -1, device=chosen.device)
        sample = end[:, None] - back * self.robots
        index = sample + self.past * self.robots
        if self.flip is not None:
            index = index + self.flip[end][:, None] * (len(self.prepared) // 2)
        window = self.prepared.index_select(0, index.flatten()).view(len(chosen), self.window, self.size)
        mask = back <= self.age.view(-1)[end + self.past * self.robots][:, None]
        return window, mask, sample

    def means(self, chosen: Tensor) -> tuple[Tensor, Tensor]:
        window, mask, sample = self.gather(chosen)
        if not self.every_position:
            return self.network(window, mask), sample[:, -1]
        mean = self.network.all_positions(window, mask)  # type: ignore[operator]
        own = mask & (sample >= 0)
        if self.actor.mirror is not None and self.flip is not None:
            # From the frame of the window into that of the sample.
            other = self.flip[sample.clamp_min(0)] != self.flip[sample[:, -1:]]
            mean = torch.where(other[..., None], self.actor.mirror.mirror_action(mean), mean)
        return mean[own], sample[own]


def window_ends(rollout: Rollout, window: int) -> Tensor:
    """Where the windows end that hold every step of a rollout once, (T, N) bool: at the end of each episode and of
    the rollout, and every `window` steps before."""
    finished = rollout.terminated | rollout.truncated
    ahead = torch.zeros_like(finished, dtype=torch.int64)
    for step in range(len(finished) - 2, -1, -1):
        ahead[step] = torch.where(finished[step], 0, ahead[step + 1] + 1)
    return ahead % window == 0


def actor_inputs(actor: GaussianActor, rollout: Rollout, every_position: bool = False) -> ActorInputs:
    """The inputs that the policy's source asks for."""
    if actor.source == "tokens":
        return WindowInputs(actor, rollout, every_position)
    return FlatInputs(actor, rollout)
