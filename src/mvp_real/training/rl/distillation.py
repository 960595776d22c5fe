"""From the state policy to the policy that runs on the robot, supervised, on the student's own states (DAgger).

The loss is the divergence KL(student || teacher) of their action distributions (Xiao 2023, eq. 6.2), at the last token
of a window or at all of them.
"""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mvp_real.errors import MvpRealError
from mvp_real.networks.gaussian import divergence
from mvp_real.networks.gaussian_actor import GaussianActor
from mvp_real.training.rl.build import build_actor, load_actor
from mvp_real.training.rl.checkpoint import RunParts, load_networks
from mvp_real.training.rl.collector import Collector
from mvp_real.training.rl.config import DistillationConfig, RlConfig
from mvp_real.training.rl.distillation_memory import DistillationMemory
from mvp_real.training.rl.non_finite import require_finite
from mvp_real.training.rl.run_loop import RunLoop
from mvp_real.training.rl.vector_environment import VectorEnvironment


class DistillationTrainer(RunLoop):
    """One distillation.

    Args:
        environment: Where the student acts.
        config: Settings, with `distillation`; `actor` is the student, on tokens.
        out: Folder of checkpoint, log and curve.
        device: For the networks and the memory.
        resume: Go on from the checkpoint in `out`: bit for bit if the environment restores itself whole.

    Raises:
        MvpRealError: `out` holds a run and `resume` is not set, or the other way round; no teacher on the state.
    """

    def __init__(
        self,
        environment: VectorEnvironment,
        config: RlConfig,
        out: Path,
        device: torch.device | None = None,
        resume: bool = False,
    ) -> None:
        super().__init__(config, out, device, resume, None)
        if config.distillation is None or config.actor.source != "tokens":
            raise MvpRealError(
                "a distillation needs the section 'distillation' and an actor with source 'tokens'"
            )
        self.environment, self.settings = environment, config.distillation
        functions = getattr(environment, "mirror", None)
        self.teacher, teachers = load_actor(Path(self.settings.teacher), environment, functions)
        if self.teacher.source != "state":
            raise MvpRealError(
                f"the teacher in '{self.settings.teacher}' sees {teachers.actor.source}; it must see the state"
            )
        mine, its = (settings.environment.get("gait", {}) for settings in (config, teachers))
        if mine != its:
            raise MvpRealError(
                f"the teacher in '{self.settings.teacher}' sees the foot targets of environment.gait {its}, here it is "
                f"{mine}; give the student's environment the teacher's"
            )
        self.teacher.to(self.device)
        self.student = build_actor(config, environment, functions).to(self.device)
        self.window = int(self.student.network.window)  # type: ignore[arg-type]
        self.optimizer = student_optimizer(self.student, self.settings)
        self.collector = Collector(environment, self.settings.steps, self.device, self.generator, self.window)
        robots = environment.num_envs
        self.memory = DistillationMemory(
            max(self.window, self.settings.memory // robots),
            robots,
            environment.observation_size + environment.action_size,
            environment.action_size,
            self.device,
        )
        if resume:
            self.restore()
        elif config.start_from:
            load_networks(Path(config.start_from), {"actor": self.student})

    @property
    def parts(self) -> RunParts:
        return RunParts({"actor": self.student}, self.optimizer, self.collector, self.memory)

    def teacher_share(self) -> float:
        """Share of the robots that the teacher drives in this iteration."""
        last = self.settings.teacher_iterations
        return max(0.0, 1.0 - self.progress.iteration / last) if last else 0.0

    def arithmetic(self) -> torch.autocast:
        """Context in which the student computes."""
        enabled = self.settings.precision == "bfloat16"
        return torch.autocast(self.device.type, torch.bfloat16, enabled=enabled)

    @torch.no_grad()
    def collect(self) -> float:
        """T control steps of all robots into the memory; returns the mean reward."""
        collector, student, teacher = self.collector, self.student, self.teacher
        robots, actions = self.environment.num_envs, self.environment.action_size
        # A robot keeps its driver for the whole iteration: half a step of each would be neither's behaviour.
        taught = torch.rand(robots, generator=self.generator) < self.teacher_share()
        taught = taught.to(self.device)[:, None]
        rewards = []
        for _ in range(collector.steps):
            current = collector.current()
            tokens, mask = collector.seen("tokens", current)
            state, _ = collector.seen("state", current)
            flip = teacher.frame(state)
            wanted = teacher(state)
            assert collector.history is not None
            self.memory.add(
                tokens[:, -1],
                torch.from_numpy(collector.history.age).to(self.device),
                wanted,
                torch.zeros_like(taught[:, 0]) if flip is None else flip,
            )
            with self.arithmetic():
                chosen = student(tokens, mask).float()
            action = torch.where(taught, wanted, chosen)
            noise = collector.replicas.noise(robots, actions, self.generator).to(self.device)
            action = action + self.settings.noise * teacher.log_std_of(state).exp() * noise
            rewards.append(collector.act(action.cpu().numpy())[0].reward)
        newest = [(self.memory.written - 1 - back) % self.memory.rows for back in range(collector.steps)]
        seen = self.memory.token[newest].flatten(0, 1)
        student.normaliser.update(student.input_in_frame(seen, student.frame(seen)))
        return float(np.mean(rewards))

    def learn(self, share: float) -> dict[str, Any]:
        began = time.monotonic()
        reward = self.collect()
        collected = time.monotonic()
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.learning_rate * 0.5 * (1.0 + math.cos(math.pi * share))
        sums = {"divergence": 0.0, "error": 0.0}
        for _ in range(self.settings.updates):
            for name, value in self.update().items():
                sums[name] += value / self.settings.updates
        ended = time.monotonic()
        return {
            "samples": self.collector.steps * self.environment.num_envs,
            "reward": reward,
            **self.collector.statistics.take(),
            **sums,
            "std": float(self.student.log_std.detach().exp().mean()),
            "learning_rate": self.optimizer.param_groups[0]["lr"],
            "teacher_share": self.teacher_share(),
            "windows_per_second": self.settings.updates * self.settings.batch / (ended - collected),
            "update_share": (ended - collected) / (ended - began),
        }

    def update(self) -> dict[str, float]:
        """One step of the optimiser.

        Returns:
            The divergence and the mean squared error of the mean action.
        """
        mean, wanted, spread = self.predictions(
            *self.memory.draw(self.settings.batch, self.window, self.generator)
        )
        loss = divergence(mean, self.student.log_std, wanted, spread).mean()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(self.student.parameters(), self.settings.gradient_clip)
        figures = {
            "divergence": float(loss.detach()),
            "error": float((mean.detach() - wanted).square().mean()),
        }
        require_finite({**figures, "gradient": float(norm)}, {"mean": mean, "wanted": wanted})
        self.optimizer.step()
        return figures

    def predictions(self, row: Tensor, robot: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Means of the student, means of the teacher and its log standard deviations, (K, A) each, in the student's
        frame, for windows of the memory: ring rows (B, W), robots (B, 1), mask (B, W)."""
        student, memory = self.student, self.memory
        tokens = memory.token[row, robot]
        flip = student.frame(tokens)
        prepared = student.normaliser(student.input_in_frame(tokens, flip))
        with self.arithmetic():
            if self.settings.every_position:
                mean, own = student.network.all_positions(prepared, mask), mask  # type: ignore[operator]
            else:
                mean, own = student.network(prepared, mask)[:, None], mask[:, -1:]
                row = row[:, -1:]
        mean = mean.float()
        wanted, mirrored = memory.mean[row, robot], memory.mirrored[row, robot]
        spread = self.teacher.log_std.expand_as(wanted)
        if self.teacher.mirror is not None:
            spread = torch.where(mirrored[..., None], self.teacher.mirror.mirror_spread(spread), spread)
        if student.mirror is not None and flip is not None:
            wanted = student.mirror.action_in_frame(wanted, flip)
            spread = torch.where(flip[:, None, None], student.mirror.mirror_spread(spread), spread)
        return mean[own], wanted[own], spread[own]


def student_optimizer(student: GaussianActor, settings: DistillationConfig) -> torch.optim.Optimizer:
    """AdamW that decays only matrices."""
    parameters = list(student.parameters())
    return torch.optim.AdamW(
        [
            {"params": [p for p in parameters if p.ndim > 1], "weight_decay": settings.weight_decay},
            {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
        ],
        lr=settings.learning_rate,
        fused=True,
    )
