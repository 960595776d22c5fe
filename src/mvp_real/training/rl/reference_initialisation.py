"""Beginning with a known gait: the mean of a fresh policy is fitted to reference actions (supervised, seconds).

The reference need not be in the deployed action: after a few seconds of fitting, PPO learns as fast as with the
reference added to every action.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from mvp_real.networks.critic import Critic
from mvp_real.networks.gaussian_actor import GaussianActor
from mvp_real.training.rl.collector import Collector
from mvp_real.training.rl.vector_environment import Array

Reference = Callable[[Array], Array]
"""Observations (N, O) to actions (N, A)."""


@dataclass(frozen=True)
class ReferenceConfig:
    """How to fit.

    Attributes:
        steps: Control steps with the reference in every environment; they also set the normalisers.
        noise: Standard deviation of what is added to the reference while it acts.
        passes: Over all pairs.
        batch: Pairs per step.
        learning_rate: Of Adam, falling to zero on a cosine.
    """

    steps: int = 100
    noise: float = 0.1
    passes: int = 20
    batch: int = 512
    learning_rate: float = 2e-3


def fit_reference(
    actor: GaussianActor, critic: Critic, collector: Collector, reference: Reference, config: ReferenceConfig
) -> dict[str, float]:
    """Let the reference act, set the normalisers by what was seen, and fit the actor's mean to it.

    Args:
        actor: A policy on the observation, the state or tokens.
        critic: Its normaliser learns the states.
        collector: Whose environment acts; it goes on from where the reference left it.
        reference: The actions.
        config: How.

    Returns:
        The mean squared error before and after.
    """
    inputs, masks, targets, states = [], [], [], []
    environment, generator = collector.environment, collector.generator
    for _ in range(config.steps):
        current = collector.current()
        seen, mask = collector.seen(actor.source, current)
        action = np.asarray(reference(np.asarray(current.observation)), np.float32)
        inputs.append(seen)
        masks.append(mask)
        targets.append(torch.from_numpy(action).to(collector.device))
        states.append(torch.from_numpy(np.array(current.state, np.float32)).to(collector.device))
        noise = collector.replicas.noise(environment.num_envs, environment.action_size, generator).numpy()
        collector.act(action + config.noise * noise)
    x, y = torch.cat(inputs), torch.cat(targets)
    mask = None if masks[0] is None else torch.cat(masks)  # type: ignore[arg-type]
    flip = actor.frame(x)
    y = actor.action_in_frame(y, flip)
    own = actor.input_in_frame(x, flip)
    collector.replicas.update(actor.normaliser, own if mask is None else own[:, -1])
    collector.replicas.update(critic.normaliser, critic.in_frame(torch.cat(states)))
    prepared = actor.normaliser(own)

    def mean(rows: torch.Tensor | slice) -> torch.Tensor:
        result: torch.Tensor = (
            actor.network(prepared[rows]) if mask is None else actor.network(prepared[rows], mask[rows])
        )
        return result

    def error() -> float:
        with torch.no_grad():
            parts = torch.split(torch.arange(len(x), device=x.device), 4096)
            return float(sum((mean(part) - y[part]).square().sum() for part in parts) / y.numel())

    before = error()
    optimizer = torch.optim.Adam(actor.network.parameters(), lr=config.learning_rate, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(
        optimizer, config.passes * -(-len(x) // config.batch)
    )
    for _ in range(config.passes):
        order = torch.randperm(len(x), generator=generator).to(x.device)
        for rows in torch.split(order, config.batch):
            loss = (mean(rows) - y[rows]).square().mean()
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            collector.replicas.sum_gradients(actor.network.parameters())
            optimizer.step()
            schedule.step()
    return {"before": before, "after": error()}
