"""The training loop of PPO: exact to resume, safe to stop, its log in JSON lines."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from mvp_real.errors import MvpRealError
from mvp_real.networks.critic import Critic
from mvp_real.networks.gaussian_actor import GaussianActor
from mvp_real.networks.mlp_policy import MlpPolicy
from mvp_real.training.checkpoint_files import read_state
from mvp_real.training.graceful_stop import GracefulStop
from mvp_real.training.rl.checkpoint import Progress, RunParts, has_checkpoint, load_run, save_run
from mvp_real.training.rl.config import RlConfig, settings_from
from mvp_real.training.rl.curves import draw_curves, read_log
from mvp_real.training.rl.non_finite import NonFiniteError, dump, require_finite
from mvp_real.training.rl.ppo import Ppo
from mvp_real.training.rl.rollout import Collector, Rollout
from mvp_real.training.rl.vector_environment import VectorEnvironment

LOG_FILE = "log.jsonl"
CURVE_FILE = "curve.png"
DUMP_FILE = "non_finite_batch.npz"


def build_actor(config: RlConfig, environment: VectorEnvironment) -> GaussianActor:
    """A fresh policy for the environment."""
    inputs = {"observation": environment.observation_size, "state": environment.state_size}
    if config.actor.source not in inputs:
        raise MvpRealError(f"PPO trains policies on {' or '.join(inputs)}, not on {config.actor.source}")
    size, actions = inputs[config.actor.source], environment.action_size
    network = MlpPolicy(size, actions, config.actor.hidden, config.actor.activation)
    return GaussianActor(config.actor.source, size, actions, network, config.actor.initial_std)


class PpoTrainer:
    """One run; `train` returns when the iterations are done, the time is up, or a stop was asked for.

    Args:
        environment: Whose robots learn.
        config: Settings.
        out: Folder of checkpoint, log and curve.
        device: For the networks.
        resume: Go on from the checkpoint in `out`: bit for bit if the environment restores itself whole.

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
    ) -> None:
        self.environment, self.config, self.out = environment, config, out
        self.device = device or torch.device("cpu")
        if has_checkpoint(out) and not resume:
            raise MvpRealError(f"'{out}' holds a run already; resume it, or choose another folder")
        torch.set_num_threads(config.threads)
        torch.manual_seed(config.seed)
        self.generator = torch.Generator().manual_seed(config.seed)
        self.actor = build_actor(config, environment).to(self.device)
        critic = config.critic
        self.critic = Critic(
            environment.state_size, critic.hidden, critic.activation, config.ppo.normalise_value
        ).to(self.device)
        self.ppo = Ppo(self.actor, self.critic, config.ppo, self.generator)
        self.collector = Collector(environment, config.ppo.steps, self.device, self.generator)
        self.progress = Progress()
        if resume:
            self._resume()

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
        try:
            rollout = self.collector.collect(self.actor)
            check_rollout(rollout)
            collected = time.monotonic()
            figures = self.ppo.update(rollout, share)
        except NonFiniteError as error:
            path = dump(error, self.out / DUMP_FILE)
            raise NonFiniteError(
                f"{error} (iteration {self.progress.iteration}; see {path})", error.batch
            ) from error
        self.actor.limit_std(self.config.actor.std_floor, self.config.actor.std_ceiling(share))
        ended = time.monotonic()
        progress, samples = self.progress, rollout.reward.numel()
        self.progress = Progress(
            progress.iteration + 1, progress.samples + samples, progress.seconds + ended - began
        )
        row: dict[str, Any] = {
            "iteration": self.progress.iteration,
            "samples": self.progress.samples,
            "reward": float(rollout.reward.mean()),
            **self.collector.statistics.take(),
            **figures,
            "samples_per_second": samples / (ended - began),
            "update_share": (ended - collected) / (ended - began),
            "seconds": self.progress.seconds,
        }
        curriculum = getattr(self.environment, "curriculum", None)
        if curriculum is not None:
            row |= curriculum(row) or {}
        return row

    def train(self, minutes: float | None = None) -> None:
        """Train to the last iteration, for so many minutes, or until SIGTERM or Ctrl-C; ends with a checkpoint."""
        began = saved = time.monotonic()
        self.out.mkdir(parents=True, exist_ok=True)
        total = self.config.iterations
        with (
            GracefulStop() as stop,
            (self.out / LOG_FILE).open("a", encoding="utf-8") as log,
            tqdm(total=total, initial=self.progress.iteration, unit="it", mininterval=2.0) as bar,
        ):
            while self.progress.iteration < total and not stop.asked:
                if minutes is not None and time.monotonic() - began >= 60.0 * minutes:
                    break
                row = self.step()
                log.write(json.dumps(row) + "\n")
                log.flush()
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
