"""Proximal policy optimisation: one update from one rollout (Schulman 2017; Xiao 2023, Table 6.4)."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_

from mvp_real.networks.critic import Critic
from mvp_real.networks.gaussian import divergence, entropy, log_probability
from mvp_real.networks.gaussian_actor import GaussianActor
from mvp_real.training.rl.advantages import generalised_advantages
from mvp_real.training.rl.config import PpoConfig
from mvp_real.training.rl.non_finite import require_finite
from mvp_real.training.rl.rollout import Rollout

LOWEST_RATE, HIGHEST_RATE = 1e-5, 1e-2
"""Bounds of the adaptive learning rate, as rsl_rl."""


class Ppo:
    """Actor, critic and their optimiser."""

    def __init__(
        self, actor: GaussianActor, critic: Critic, config: PpoConfig, generator: torch.Generator
    ) -> None:
        self.actor, self.critic, self.config, self.generator = actor, critic, config, generator
        self.actor_rate = config.actor_learning_rate
        groups = [
            {"params": [p for p in network.parameters() if (p.ndim > 1) == decays], "weight_decay": decay}
            for network in (actor, critic)
            for decays, decay in ((True, config.weight_decay), (False, 0.0))
        ]
        self.optimizer = torch.optim.AdamW(groups, lr=config.actor_learning_rate, fused=True)

    def set_rates(self, progress: float) -> None:
        """Learning rates at a share `progress` of the run: cosine 5e-4 -> 2.5e-4 in the middle -> 0 at the end."""
        config, cosine = self.config, 0.5 * (1.0 + math.cos(math.pi * min(1.0, progress)))
        if config.actor_schedule != "adaptive":
            self.actor_rate = config.actor_learning_rate * (
                cosine if config.actor_schedule == "cosine" else 1.0
            )
        critic_rate = config.critic_learning_rate * (cosine if config.critic_schedule == "cosine" else 1.0)
        if config.critic_schedule == "adaptive":
            critic_rate = self.actor_rate
        for group, rate in zip(
            self.optimizer.param_groups,
            (self.actor_rate, self.actor_rate, critic_rate, critic_rate),
            strict=True,
        ):
            group["lr"] = rate

    @torch.no_grad()
    def advantages(self, rollout: Rollout, prepared_state: Tensor) -> tuple[Tensor, Tensor]:
        """Advantages and returns, (T, N) each.

        Args:
            rollout: The experience.
            prepared_state: Its states as the critic reads them, (T * N, S).
        """
        steps, robots = rollout.reward.shape
        value = self.critic.value_of(prepared_state).view(steps, robots)
        next_value = torch.cat([value[1:], self.critic(rollout.last_state)[None]])
        if len(rollout.final_index):
            next_value.view(-1)[rollout.final_index] = self.critic(rollout.final_state)
        advantage = generalised_advantages(
            rollout.reward,
            value,
            next_value,
            rollout.terminated,
            rollout.truncated,
            self.config.discount,
            self.config.gae_lambda,
        )
        return advantage, advantage + value

    def update(self, rollout: Rollout, progress: float) -> dict[str, float]:
        """Learn from one rollout.

        Args:
            rollout: From the present policy.
            progress: Share of the run that is over, for the schedules.

        Returns:
            Means over the minibatches of the losses, the divergence and the clipped share; learning rate and std.

        Raises:
            NonFiniteError: A loss or gradient is not a number; the error holds the minibatch.
        """
        config = self.config
        self.set_rates(progress)
        with torch.no_grad():
            seen = rollout.observation if self.actor.source == "observation" else rollout.state
            inputs = self.actor.prepare(seen.flatten(0, 1))
            states = self.critic.prepare(rollout.state.flatten(0, 1))
            advantage, returns = (x.flatten() for x in self.advantages(rollout, states))
            if config.normalise_advantage:
                advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
            if self.critic.returns is not None:
                self.critic.returns.update(returns[:, None])
            target = self.critic.target(returns)
            action, old_mean = rollout.action.flatten(0, 1), rollout.mean.flatten(0, 1)
            old_log_probability = rollout.log_probability.flatten()
        samples = len(advantage)
        sums: dict[str, float] = {}
        for _ in range(config.epochs):
            order = torch.randperm(samples, generator=self.generator).to(advantage.device)
            for chosen in order.chunk(config.minibatches):
                batch = {
                    "input": inputs.index_select(0, chosen),
                    "state": states.index_select(0, chosen),
                    "action": action.index_select(0, chosen),
                    "advantage": advantage.index_select(0, chosen),
                    "target": target.index_select(0, chosen),
                    "old_log_probability": old_log_probability.index_select(0, chosen),
                }
                mean = self.actor.network(batch["input"])
                if config.actor_schedule == "adaptive":
                    with torch.no_grad():
                        moved = divergence(
                            old_mean.index_select(0, chosen), rollout.log_std, mean, self.actor.log_std
                        ).mean()
                    self.adapt_rate(float(moved))
                    self.set_rates(progress)
                figures = self._step(batch, mean)
                for name, value in figures.items():
                    sums[name] = sums.get(name, 0.0) + value
        updates = config.epochs * config.minibatches
        self.learn_normalisers(seen, rollout.state)
        return {name: value / updates for name, value in sums.items()} | {
            "learning_rate": self.actor_rate,
            "std": float(self.actor.log_std.detach().exp().mean()),
        }

    def _step(self, batch: dict[str, Tensor], mean: Tensor) -> dict[str, float]:
        config, actor = self.config, self.actor
        log_ratio = log_probability(batch["action"], mean, actor.log_std) - batch["old_log_probability"]
        ratio = log_ratio.exp()
        advantage = batch["advantage"]
        gain = torch.min(ratio * advantage, ratio.clamp(1.0 - config.clip, 1.0 + config.clip) * advantage)
        policy_loss = -gain.mean()
        value_loss = (self.critic.normalised_value(batch["state"]) - batch["target"]).square().mean()
        loss = (
            policy_loss
            + config.value_coefficient * value_loss
            - config.entropy_coefficient * entropy(actor.log_std)
        )
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norms = [
            clip_grad_norm_(network.parameters(), config.gradient_clip, foreach=True)
            for network in (actor, self.critic)
        ]
        with torch.no_grad():
            kl = (ratio - 1.0 - log_ratio).mean()
            clipped = ((ratio - 1.0).abs() > config.clip).float().mean()
        figures = {
            "policy_loss": float(policy_loss.detach()),
            "value_loss": float(value_loss.detach()),
            "kl": float(kl),
            "clipped": float(clipped),
            "actor_gradient": float(norms[0]),
            "critic_gradient": float(norms[1]),
        }
        require_finite(figures, {**batch, "mean": mean})
        self.optimizer.step()
        return figures

    def adapt_rate(self, kl: float) -> None:
        """Change the learning rate by a factor of 1.5 when the divergence is more than a factor 2 off (rsl_rl)."""
        if kl > 2.0 * self.config.desired_kl:
            self.actor_rate = max(LOWEST_RATE, self.actor_rate / 1.5)
        elif 0.0 < kl < 0.5 * self.config.desired_kl:
            self.actor_rate = min(HIGHEST_RATE, self.actor_rate * 1.5)

    def learn_normalisers(self, seen: Tensor, state: Tensor) -> None:
        """Take a rollout's inputs into the running statistics; the next rollout is collected with them."""
        if self.config.normalise_input:
            self.actor.normaliser.update(seen)
            self.critic.normaliser.update(state)
