"""Proximal policy optimisation: one update from one rollout (Schulman 2017; Xiao 2023, Table 6.4 and eq. 6.2)."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_

from mvp_real.networks.critic import Critic
from mvp_real.networks.gaussian import divergence, entropy, log_probability
from mvp_real.networks.gaussian_actor import GaussianActor
from mvp_real.networks.phase_mirror import PhaseMirror
from mvp_real.training.rl.actor_inputs import ActorInputs, WindowInputs, actor_inputs
from mvp_real.training.rl.advantages import generalised_advantages
from mvp_real.training.rl.config import PpoConfig
from mvp_real.training.rl.distributed import Replicas
from mvp_real.training.rl.non_finite import require_finite
from mvp_real.training.rl.rollout import Rollout
from mvp_real.training.rl.samples import Samples

LOWEST_RATE, HIGHEST_RATE = 1e-5, 1e-2
"""Bounds of the adaptive learning rate, as rsl_rl."""


class Ppo:
    """Actor, critic and their optimiser.

    Args:
        actor, critic: What learns.
        config: Settings.
        generator: Of the minibatches.
        replicas: Processes that learn together.
        augmentation: Mirror the samples of every minibatch too: mirror of the actor's inputs and of the state.
        teacher: Policy on the state that the actor is drawn to, as far as `imitation` says.
    """

    def __init__(
        self,
        actor: GaussianActor,
        critic: Critic,
        config: PpoConfig,
        generator: torch.Generator,
        replicas: Replicas | None = None,
        augmentation: tuple[PhaseMirror, PhaseMirror] | None = None,
        teacher: GaussianActor | None = None,
    ) -> None:
        self.actor, self.critic, self.config, self.generator = actor, critic, config, generator
        self.replicas = replicas or Replicas()
        self.augmentation, self.teacher = augmentation, teacher
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
        rates = (self.actor_rate, self.actor_rate, critic_rate, critic_rate)
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
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

    @torch.no_grad()
    def _samples(self, rollout: Rollout, inputs: ActorInputs) -> Samples:
        """The rollout as the loss needs it; the normaliser of the returns learns on the way."""
        state = self.critic.prepare(rollout.state.flatten(0, 1))
        advantage, returns = (x.flatten() for x in self.advantages(rollout, state))
        if self.config.normalise_advantage:
            _, mean, variance = self.replicas.moments(advantage[:, None])
            advantage = (advantage - mean.to(advantage.dtype)) / (variance.sqrt().to(advantage.dtype) + 1e-8)
        if self.critic.returns is not None:
            self.replicas.update(self.critic.returns, returns[:, None])
        teacher_mean = teacher_log_std = None
        if self.teacher is not None:
            states = rollout.state.flatten(0, 1)
            teacher_mean = self.actor.action_in_frame(self.teacher(states), inputs.flip)
            teacher_log_std = self.actor.spread_in_frame(self.teacher.log_std_of(states), inputs.flip)
        samples = Samples(
            action=self.actor.action_in_frame(rollout.action.flatten(0, 1), inputs.flip),
            old_mean=self.actor.action_in_frame(rollout.mean.flatten(0, 1), inputs.flip),
            old_log_probability=rollout.log_probability.flatten(),
            advantage=advantage,
            target=self.critic.target(returns),
            state=state,
            teacher_mean=teacher_mean,
            teacher_log_std=teacher_log_std,
        )
        if isinstance(inputs, WindowInputs) and inputs.every_position:
            self._see_less(samples, inputs)
        return samples

    def _see_less(self, samples: Samples, inputs: WindowInputs) -> None:
        """Old means and densities of the policy that sees the windows of the update, so that ratios begin at one."""
        for chosen in torch.split(inputs.every, 1024):
            mean, sample = inputs.means(chosen)
            samples.old_mean[sample] = mean
            density = log_probability(samples.action[sample], mean, self.actor.log_std)
            samples.old_log_probability[sample] = density

    def update(
        self, rollout: Rollout, progress: float, imitation: float = 0.0, learn_inputs: bool = True
    ) -> dict[str, float]:
        """Learn from one rollout.

        Args:
            rollout: From the present policy.
            progress: Share of the run that is over, for the schedules.
            imitation: lambda, weight of the divergence from the teacher (Xiao 2023, eq. 6.2).
            learn_inputs: Whether the normalisers of the inputs take the rollout in.

        Returns:
            Means over the minibatches of the losses and of the clipped share; `kl`, the divergence of the policy from
            that of the rollout, in the last epoch; learning rate and std.

        Raises:
            NonFiniteError: A loss or gradient is not a number; the error holds the minibatch.
        """
        config = self.config
        self.set_rates(progress)
        with torch.no_grad():
            inputs = actor_inputs(self.actor, rollout, config.every_position)
        samples = self._samples(rollout, inputs)
        mirrored = None if self.augmentation is None else self._mirrored(rollout, samples)
        sums: dict[str, float] = {}
        moved: list[float] = []
        for _ in range(config.epochs):
            moved.clear()
            for chosen in inputs.minibatches(self.replicas, config.minibatches, self.generator):
                mean, sample = inputs.means(chosen.to(rollout.reward.device))
                batch = samples.rows(sample)
                if mirrored is not None:
                    image, image_samples = mirrored
                    mean = torch.cat([mean, self.actor.network(image.index_select(0, sample))])
                    other = image_samples.rows(sample)
                    batch = {name: torch.cat([value, other[name]]) for name, value in batch.items()}
                moved.append(self._moved(batch["old_mean"], rollout.log_std, mean.detach()))
                if config.actor_schedule == "adaptive" and config.adapt == "minibatch":
                    self.adapt_rate(moved[-1])
                    self.set_rates(progress)
                for name, value in self._step(batch, mean, imitation).items():
                    sums[name] = sums.get(name, 0.0) + value
        updates, kl = config.epochs * config.minibatches, sum(moved) / len(moved)
        if config.actor_schedule == "adaptive" and config.adapt == "update":
            self.aim_rate(kl)
        if config.normalise_input and learn_inputs:
            self.replicas.update(self.actor.normaliser, inputs.raw())
            self.replicas.update(self.critic.normaliser, self.critic.in_frame(rollout.state))
        return {name: value / updates for name, value in sums.items()} | {
            "kl": kl,
            "learning_rate": self.actor_rate,
            "std": float(self.actor.log_std.detach().exp().mean()),
        }

    @torch.no_grad()
    def _mirrored(self, rollout: Rollout, samples: Samples) -> tuple[Tensor, Samples]:
        """The inputs and samples of the mirrored robot, which has the same advantages and densities."""
        assert self.augmentation is not None
        actor_mirror, state_mirror = self.augmentation
        seen = rollout.observation if self.actor.source == "observation" else rollout.state
        teacher, spread = samples.teacher_mean, samples.teacher_log_std
        return self.actor.normaliser(actor_mirror.mirror_input(seen.flatten(0, 1))), replace(
            samples,
            action=actor_mirror.mirror_action(samples.action),
            old_mean=actor_mirror.mirror_action(samples.old_mean),
            state=self.critic.normaliser(state_mirror.mirror_input(rollout.state.flatten(0, 1))),
            teacher_mean=None if teacher is None else actor_mirror.mirror_action(teacher),
            teacher_log_std=None if spread is None else actor_mirror.mirror_spread(spread),
        )

    @torch.no_grad()
    def _moved(self, old_mean: Tensor, old_log_std: Tensor, mean: Tensor) -> float:
        """Mean divergence of the policy from that of the rollout."""
        moved = divergence(old_mean, old_log_std, mean, self.actor.log_std).sum()
        both = self.replicas.sum(torch.stack([moved, moved.new_tensor(float(len(mean)))]))
        return float(both[0] / both[1])

    def adapt_rate(self, kl: float) -> None:
        """Change the learning rate by a factor of 1.5 when the divergence is more than a factor 2 off (rsl_rl)."""
        if kl > 2.0 * self.config.desired_kl:
            self.actor_rate = max(LOWEST_RATE, self.actor_rate / 1.5)
        elif 0.0 < kl < 0.5 * self.config.desired_kl:
            self.actor_rate = min(HIGHEST_RATE, self.actor_rate * 1.5)

    def aim_rate(self, kl: float) -> None:
        """Change the learning rate so that updates end at the desired divergence, which grows about as its square.

        The square root would be the whole way, but the divergence of one update is noisy.
        """
        factor = (self.config.desired_kl / max(kl, 1e-8)) ** (1.0 / 3.0)
        self.actor_rate = min(
            HIGHEST_RATE, max(LOWEST_RATE, self.actor_rate * min(1.5, max(1.0 / 3.0, factor)))
        )

    def _step(self, batch: dict[str, Tensor], mean: Tensor, imitation: float) -> dict[str, float]:
        """One step of the optimiser on a minibatch with the means (K, A) that the actor gives for it."""
        config, actor = self.config, self.actor
        count = self.replicas.sum(mean.new_tensor(float(len(mean))))
        log_ratio = log_probability(batch["action"], mean, actor.log_std) - batch["old_log_probability"]
        ratio, advantage = log_ratio.exp(), batch["advantage"]
        gain = torch.min(ratio * advantage, ratio.clamp(1.0 - config.clip, 1.0 + config.clip) * advantage)
        policy_loss = -gain.sum() / count
        error = self.critic.normalised_value(batch["state"]) - batch["target"]
        value_loss = error.square().sum() / count
        loss = config.policy_coefficient * policy_loss + config.value_coefficient * value_loss
        loss = loss - config.entropy_coefficient / self.replicas.count * entropy(actor.log_std)
        figures = {"policy_loss": policy_loss, "value_loss": value_loss}
        if self.teacher is not None and imitation > 0.0:
            apart = divergence(mean, actor.log_std, batch["teacher_mean"], batch["teacher_log_std"])
            figures["imitation_loss"] = apart.sum() / count
            loss = loss + imitation * figures["imitation_loss"]
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.replicas.sum_gradients(p for group in self.optimizer.param_groups for p in group["params"])
        norms = [
            float(clip_grad_norm_(network.parameters(), config.gradient_clip, foreach=True))
            for network in (actor, self.critic)
        ]
        with torch.no_grad():
            figures["clipped"] = ((ratio - 1.0).abs() > config.clip).sum() / count
        summed = self.replicas.sum(torch.stack([value.detach() for value in figures.values()]))
        numbers = dict(zip(figures, summed.tolist(), strict=True))
        numbers |= {"actor_gradient": norms[0], "critic_gradient": norms[1]}
        require_finite(numbers, {**batch, "mean": mean})
        self.optimizer.step()
        return numbers
