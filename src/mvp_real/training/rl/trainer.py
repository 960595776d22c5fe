"""The training loop of PPO."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import torch

from mvp_real.errors import MvpRealError
from mvp_real.training.rl.build import build_actor, build_critic, load_actor, mirror_of
from mvp_real.training.rl.checkpoint import RunParts, load_networks
from mvp_real.training.rl.collector import Collector
from mvp_real.training.rl.config import RlConfig
from mvp_real.training.rl.distributed import Replicas
from mvp_real.training.rl.mirroring import MirrorFunctions
from mvp_real.training.rl.non_finite import require_finite
from mvp_real.training.rl.ppo import Ppo
from mvp_real.training.rl.reference_initialisation import ReferenceConfig, fit_reference
from mvp_real.training.rl.rollout import Rollout
from mvp_real.training.rl.run_loop import RunLoop
from mvp_real.training.rl.vector_environment import VectorEnvironment


class PpoTrainer(RunLoop):
    """One run of PPO.

    Args:
        environment: Whose robots learn.
        config: Settings.
        out: Folder of checkpoint, log and curve.
        device: For the networks.
        resume: Go on from the checkpoint in `out`: bit for bit if the environment restores itself whole.
        replicas: The processes that train together; those after the first write into folders inside `out`.

    Raises:
        MvpRealError: `out` holds a run and `resume` is not set, or it holds none or one with other settings and
            `resume` is set.
    """

    def __init__(
        self,
        environment: VectorEnvironment,
        config: RlConfig,
        out: Path,
        device: torch.device | None = None,
        resume: bool = False,
        replicas: Replicas | None = None,
    ) -> None:
        super().__init__(config, out, device, resume, replicas)
        self.environment = environment
        functions: MirrorFunctions | None = getattr(environment, "mirror", None)
        self.actor = build_actor(config, environment, functions).to(self.device)
        self.critic = build_critic(config, environment, functions).to(self.device)
        augmentation = None
        if config.actor.symmetry == "augmentation":
            augmentation = (
                mirror_of(environment, config.actor.source, functions, "augmentation").to(self.device),
                mirror_of(environment, "state", functions, "augmentation").to(self.device),
            )
        teacher = None
        if config.imitation is not None:
            teacher = load_actor(Path(config.imitation.teacher), environment, functions)[0].to(self.device)
        self.ppo = Ppo(
            self.actor, self.critic, config.ppo, self.generator, self.replicas, augmentation, teacher
        )
        self.collector = Collector(
            environment,
            config.ppo.steps,
            self.device,
            self.generator,
            int(getattr(self.actor.network, "window", 0)),
            self.replicas,
        )
        if resume:
            self.restore()
            self.ppo.actor_rate = self.extra.get("actor_rate", self.ppo.actor_rate)
        elif config.start_from:
            load_networks(Path(config.start_from), {"actor": self.actor, "critic": self.critic})
        elif config.reference is not None:
            self._fit_reference(config.reference)

    @property
    def parts(self) -> RunParts:
        return RunParts({"actor": self.actor, "critic": self.critic}, self.ppo.optimizer, self.collector)

    def _fit_reference(self, reference: ReferenceConfig) -> None:
        action = getattr(self.environment, "reference_action", None)
        if action is None:
            raise MvpRealError("this environment offers no reference actions; leave out 'reference'")
        errors = fit_reference(self.actor, self.critic, self.collector, action, reference)
        self.log({"iteration": 0, "samples": 0, "reference_error": errors})

    def learn(self, share: float) -> dict[str, Any]:
        began = time.monotonic()
        imitation = 0.0 if self.config.imitation is None else self.config.imitation.at(share)
        last = self.config.ppo.normaliser_iterations
        learn_inputs = not last or self.progress.iteration < last
        rollout = self.collector.collect(self.actor)
        check_rollout(rollout)
        collected = time.monotonic()
        figures = self.ppo.update(rollout, share, imitation, learn_inputs)
        self.extra["actor_rate"] = self.ppo.actor_rate
        self.actor.limit_std(self.config.actor.std_floor, self.config.actor.std_ceiling(share))
        ended = time.monotonic()
        return {
            "samples": rollout.reward.numel(),
            **self.replicas.average_figures({"reward": float(rollout.reward.mean())}),
            **self.collector.statistics.take(),
            **figures,
            "update_share": (ended - collected) / (ended - began),
        }


def check_rollout(rollout: Rollout) -> None:
    """Stop at the first number from the environment or the policy that is not one."""
    tensors = {
        "observation": rollout.observation,
        "state": rollout.state,
        "mean": rollout.mean,
        "reward": rollout.reward,
        "last_state": rollout.last_state,
        "final_state": rollout.final_state,
    }
    require_finite({f"the sum of '{name}'": float(tensor.sum()) for name, tensor in tensors.items()}, tensors)
