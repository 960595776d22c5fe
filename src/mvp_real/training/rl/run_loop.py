"""What all trainings by iterations share: log, curve, checkpoints, exact resume, a graceful end."""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from mvp_real.errors import MvpRealError
from mvp_real.training.checkpoint_files import read_state
from mvp_real.training.graceful_stop import GracefulStop
from mvp_real.training.rl.checkpoint import Progress, RunParts, has_checkpoint, load_run, save_run
from mvp_real.training.rl.config import RlConfig, settings_from
from mvp_real.training.rl.curves import draw_curves, read_log
from mvp_real.training.rl.distributed import Replicas
from mvp_real.training.rl.non_finite import NonFiniteError, dump

LOG_FILE = "log.jsonl"
CURVE_FILE = "curve.png"
DUMP_FILE = "non_finite_batch.npz"


class RunLoop(ABC):
    """One run; `train` returns when the iterations are done, the time is up, or a stop was asked for.

    Args:
        config: Settings.
        out: Folder of checkpoint, log and curve.
        device: For the networks.
        resume: Whether to go on from the checkpoint in `out`.
        replicas: The processes that train together; those after the first write into folders inside `out`.

    Attributes:
        generator: Of all random numbers but the environment's.
        progress: How far the run is.
        extra: Further plain values that belong into the checkpoint.

    Raises:
        MvpRealError: `out` holds a run and `resume` is not set.
    """

    def __init__(
        self,
        config: RlConfig,
        out: Path,
        device: torch.device | None,
        resume: bool,
        replicas: Replicas | None,
    ) -> None:
        self.config, self.replicas = config, replicas or Replicas()
        self.out = out if self.replicas.rank == 0 else out / f"replica_{self.replicas.rank}"
        self.device = device or torch.device("cpu")
        if has_checkpoint(self.out) and not resume:
            raise MvpRealError(f"'{out}' holds a run already; resume it, or choose another folder")
        torch.set_num_threads(config.threads)
        torch.manual_seed(config.seed)
        self.generator = torch.Generator().manual_seed(config.seed)
        self.progress = Progress()
        self.extra: dict[str, Any] = {}

    @property
    @abstractmethod
    def parts(self) -> RunParts:
        """What a checkpoint holds."""

    @abstractmethod
    def learn(self, share: float) -> dict[str, Any]:
        """Collect and learn once, at a share of the run; returns figures, `samples` and `reward` among them."""

    @property
    def share(self) -> float:
        """How much of the run is over."""
        return self.progress.iteration / self.config.iterations

    def restore(self) -> None:
        """Go on from the checkpoint: bit for bit if the environment restores itself whole.

        Raises:
            MvpRealError: There is none, or it was trained with other settings.
        """
        saved = settings_from(RlConfig, read_state(self.out)["config"], str(self.out)).training_settings()
        here = self.config.training_settings()
        if changed := [name for name in here if name != "iterations" and here[name] != saved[name]]:
            raise MvpRealError(
                f"'{self.out}' was trained with other settings ({', '.join(changed)}); "
                "use its config, or another folder"
            )
        self.progress, self.extra = load_run(self.out, self.parts)
        # Rows that were logged after the checkpoint will be logged again.
        rows = [row for row in read_log(self.out / LOG_FILE) if row["iteration"] <= self.progress.iteration]
        (self.out / LOG_FILE).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

    def save(self) -> None:
        """Write checkpoint and curve."""
        self.out.mkdir(parents=True, exist_ok=True)
        save_run(self.out, self.parts, self.progress, self.config.as_dict(), self.extra)
        draw_curves(read_log(self.out / LOG_FILE), self.out / CURVE_FILE)

    def log(self, row: dict[str, Any]) -> None:
        """Append a row to the log."""
        self.out.mkdir(parents=True, exist_ok=True)
        with (self.out / LOG_FILE).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row) + "\n")

    def step(self) -> dict[str, Any]:
        """One iteration: collect, learn, let the environment change its task.

        Returns:
            The row of the log.

        Raises:
            NonFiniteError: A number is not one; the batch lies in the run's folder.
        """
        began = time.monotonic()
        try:
            figures = self.learn(self.share)
        except NonFiniteError as error:
            path = dump(error, self.out / DUMP_FILE)
            raise NonFiniteError(
                f"{error} (iteration {self.progress.iteration}; see {path})", error.batch
            ) from error
        took = time.monotonic() - began
        samples = figures.pop("samples") * self.replicas.count
        before = self.progress
        self.progress = Progress(before.iteration + 1, before.samples + samples, before.seconds + took)
        row = {
            "iteration": self.progress.iteration,
            "samples": self.progress.samples,
            **figures,
            "samples_per_second": samples / took,
            "seconds": self.progress.seconds,
        }
        curriculum = getattr(self.parts.collector.environment, "curriculum", None)
        if curriculum is not None:
            row |= curriculum(row) or {}
        return row

    def train(self, minutes: float | None = None) -> None:
        """Train to the last iteration, for so many minutes, or until SIGTERM or Ctrl-C; ends with a checkpoint."""
        began = saved = time.monotonic()
        total = self.config.iterations
        with (
            GracefulStop() as stop,
            tqdm(total=total, initial=self.progress.iteration, unit="it", mininterval=2.0) as bar,
        ):
            while self.progress.iteration < total and not stop.asked:
                if minutes is not None and time.monotonic() - began >= 60.0 * minutes:
                    break
                row = self.step()
                self.log(row)
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
