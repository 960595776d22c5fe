"""The training loop of PPO: exact to resume, safe to stop, its log in JSON lines."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from mvp_real.errors import MvpRealError
from mvp_real.training.checkpoint_files import read_state
from mvp_real.training.graceful_stop import GracefulStop
from mvp_real.training.rl.build import build_actor, build_critic, load_actor, mirror_of
from mvp_real.training.rl.checkpoint import (
    Progress,
    RunParts,
    has_checkpoint,
    load_networks,
    load_run,
    save_run,
)
from mvp_real.training.rl.collector import Collector
from mvp_real.training.rl.config import RlConfig, settings_from
from mvp_real.training.rl.curves import draw_curves, read_log
from mvp_real.training.rl.distributed import Replicas
from mvp_real.training.rl.mirroring import MirrorFunctions
from mvp_real.training.rl.non_finite import NonFiniteError, dump, require_finite
from mvp_real.training.rl.ppo import Ppo
from mvp_real.training.rl.reference_initialisation import ReferenceConfig, fit_reference
from mvp_real.training.rl.rollout import Rollout
from mvp_real.training.rl.vector_environment import VectorEnvironment

LOG_FILE = "log.jsonl"
CURVE_FILE = "curve.png"
DUMP_FILE = "non_finite_batch.npz"


class PpoTrainer:
    """One run; `train` returns when the iterations are done, the time is up, or a stop was asked for.

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
        self.environment, self.config, self.replicas = environment, config, replicas or Replicas()
        self.out = out if self.replicas.rank == 0 else out / f"replica_{self.replicas.rank}"
        self.device = device or torch.device("cpu")
        if has_checkpoint(self.out) and not resume:
            raise MvpRealError(f"'{out}' holds a run already; resume it, or choose another folder")
        torch.set_num_threads(config.threads)
        torch.manual_seed(config.seed)
        self.generator = torch.Generator().manual_seed(config.seed)
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
        self.progress = Progress()
        if resume:
            self._resume()
        elif config.start_from:
            load_networks(Path(config.start_from), {"actor": self.actor, "critic": self.critic})
        elif config.reference is not None:
            self._fit_reference(config.reference)

    def _fit_reference(self, reference: ReferenceConfig) -> None:
        action = getattr(self.environment, "reference_action", None)
        if action is None:
            raise MvpRealError("this environment offers no reference actions; leave out 'reference'")
        errors = fit_reference(self.actor, self.critic, self.collector, action, reference)
        self._log({"iteration": 0, "samples": 0, "reference_error": errors})

    @property
    def parts(self) -> RunParts:
        """What a checkpoint holds."""
        return RunParts({"actor": self.actor, "critic": self.critic}, self.ppo.optimizer, self.collector)

    def _resume(self) -> None:
        saved = settings_from(RlConfig, read_state(self.out)["config"], str(self.out)).training_settings()
        here = self.config.training_settings()
        if changed := [name for name in here if name != "iterations" and here[name] != saved[name]]:
            raise MvpRealError(
                f"'{self.out}' was trained with other settings ({', '.join(changed)}); "
                "use its config, or another folder"
            )
        self.progress, extra = load_run(self.out, self.parts)
        self.ppo.actor_rate = extra["actor_rate"]
        # Rows that were logged after the checkpoint will be logged again.
        rows = [row for row in read_log(self.out / LOG_FILE) if row["iteration"] <= self.progress.iteration]
        (self.out / LOG_FILE).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

    def save(self) -> None:
        """Write checkpoint and curve."""
        self.out.mkdir(parents=True, exist_ok=True)
        extra = {"actor_rate": self.ppo.actor_rate}
        save_run(self.out, self.parts, self.progress, self.config.as_dict(), extra)
        draw_curves(read_log(self.out / LOG_FILE), self.out / CURVE_FILE)

    def step(self) -> dict[str, Any]:
        """One iteration: collect, learn, let the environment change its task.

        Returns:
            The row of the log.

        Raises:
            NonFiniteError: A number is not one; the batch lies in the run's folder.
        """
        began = time.monotonic()
        share = self.progress.iteration / self.config.iterations
        imitation = 0.0 if self.config.imitation is None else self.config.imitation.at(share)
        last = self.config.ppo.normaliser_iterations
        learn_inputs = not last or self.progress.iteration < last
        try:
            rollout = self.collector.collect(self.actor)
            check_rollout(rollout)
            collected = time.monotonic()
            figures = self.ppo.update(rollout, share, imitation, learn_inputs)
        except NonFiniteError as error:
            path = dump(error, self.out / DUMP_FILE)
            raise NonFiniteError(
                f"{error} (iteration {self.progress.iteration}; see {path})", error.batch
            ) from error
        self.actor.limit_std(self.config.actor.std_floor, self.config.actor.std_ceiling(share))
        ended = time.monotonic()
        progress, samples = self.progress, rollout.reward.numel() * self.replicas.count
        self.progress = Progress(
            progress.iteration + 1, progress.samples + samples, progress.seconds + ended - began
        )
        row: dict[str, Any] = {
            "iteration": self.progress.iteration,
            "samples": self.progress.samples,
            **self.replicas.average_figures({"reward": float(rollout.reward.mean())}),
            **self._episode_figures(),
            **figures,
            "samples_per_second": samples / (ended - began),
            "update_share": (ended - collected) / (ended - began),
            "seconds": self.progress.seconds,
        }
        curriculum = getattr(self.environment, "curriculum", None)
        if curriculum is not None:
            row |= curriculum(row) or {}
        return row

    def _episode_figures(self) -> dict[str, float]:
        """Of all processes; those that only some of them have are left to the first."""
        return self.collector.statistics.take()

    def _log(self, row: dict[str, Any]) -> None:
        self.out.mkdir(parents=True, exist_ok=True)
        with (self.out / LOG_FILE).open("a", encoding="utf-8") as log:
            log.write(json.dumps(row) + "\n")

    def train(self, minutes: float | None = None) -> None:
        """Train to the last iteration, for so many minutes, or until SIGTERM or Ctrl-C; ends with a checkpoint."""
        began = saved = time.monotonic()
        self.out.mkdir(parents=True, exist_ok=True)
        total = self.config.iterations
        with (
            GracefulStop() as stop,
            tqdm(total=total, initial=self.progress.iteration, unit="it", mininterval=2.0) as bar,
        ):
            while self.progress.iteration < total and not stop.asked:
                if minutes is not None and time.monotonic() - began >= 60.0 * minutes:
                    break
                row = self.step()
                self._log(row)
                bar.update()
                bar.set_postfix(
                    reward=f"{row['reward']:.3f}",
                    length=f"{row.get('episode_length', float('nan')):.0f}",
                    per_second=f"{row['samples_per_second']:.0f}",
                    refresh=False,
                )
                if time.monotonic() - saved > 60.0 * self.config.checkpoint_minutes:
                    self.save()
                    saved = time.monotonic()
        self.save()


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
