"""The pre-training loop: fast on one CPU core, exact to resume, safe to stop."""

from __future__ import annotations

import contextlib
import json
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mvp_real.errors import MvpRealError
from mvp_real.training.checkpoint_files import read_state
from mvp_real.training.graceful_stop import GracefulStop
from mvp_real.training.pretrain.checkpoint import build_model, load_model, load_optimizer, save_checkpoint
from mvp_real.training.pretrain.config import MaeTrainingConfig
from mvp_real.training.pretrain.images import ImageShards, SampleOrder, training_batch
from mvp_real.training.pretrain.measurements import (
    held_out_images,
    held_out_loss,
    probe_encoder,
    reference_probes,
)
from mvp_real.training.pretrain.pictures import draw_curves, reconstruction_sheet
from mvp_real.training.pretrain.pixels import normalise_bytes
from mvp_real.training.pretrain.probes import ProbeSet
from mvp_real.training.pretrain.schedule import Schedule

SHEET_IMAGES = 10
LOG_EVERY_SECONDS = 15.0


@dataclass
class MaeRun:
    """Where a run reads and writes."""

    images: Path
    out: Path
    held_out: Path | None = None
    probe: ProbeSet | None = None


class MaeTrainer:
    """One masked pre-training run; `train` returns when the budget is spent or a stop was asked for."""

    def __init__(self, config: MaeTrainingConfig, run: MaeRun, device: torch.device | None = None) -> None:
        self.config, self.run = config, run
        self.device = device or torch.device("cpu")
        torch.set_num_threads(config.threads)
        run.out.mkdir(parents=True, exist_ok=True)
        self.shards = ImageShards(run.images)
        self.model = build_model(config).to(self.device)
        self.optimizer = self._optimizer()
        self.schedule = Schedule(config.learning_rate, 0, config.max_samples, config.warmup_samples)
        self.order = SampleOrder(config.seed)
        self.samples = 0
        self.seconds = 0.0
        self.history: list[dict[str, Any]] = []
        self.origin: dict[str, Any] | None = None
        self.stop = GracefulStop()
        self._held_out = None if run.held_out is None else held_out_images(run.held_out, config)

    def _optimizer(self) -> torch.optim.Optimizer:
        trained = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        # MAE decays neither biases nor norms, nor the tokens that are parameters of shape (1, 1, D).
        decayed = [parameter for parameter in trained if parameter.ndim > 1 and parameter.shape[0] != 1]
        rest = [parameter for parameter in trained if parameter.ndim <= 1 or parameter.shape[0] == 1]
        groups = [
            {"params": decayed, "weight_decay": self.config.weight_decay},
            {"params": rest, "weight_decay": 0.0},
        ]
        return torch.optim.AdamW(groups, lr=self.config.learning_rate, betas=self.config.betas, fused=True)

    def resume(self, extend_to: int | None = None) -> None:
        """Go on from the checkpoint in the output folder.

        Args:
            extend_to: begin a new stage (warm-up and cosine again) that ends at this many samples.
        """
        model, config, state = load_model(self.run.out)
        here, there = self.config.training_settings(), config.training_settings()
        if here != there:
            changed = [key for key, value in there.items() if here[key] != value]
            raise MvpRealError(
                f"{self.run.out} was trained with other settings ({', '.join(changed)}); use its config"
            )
        self.model.load_state_dict(model.state_dict())
        load_optimizer(self.run.out, self.model, self.optimizer)
        self.shards.order(state["shards"])
        self.order = SampleOrder(config.seed, [(start, count) for start, count in state["epochs"]])
        self.samples, self.seconds = state["samples"], state["seconds"]
        self.history, self.origin = state["history"], state.get("origin")
        self.schedule = Schedule(**state["schedule"])
        if extend_to is not None:
            if extend_to <= self.samples:
                raise MvpRealError(
                    f"the run has seen {self.samples} samples already; extend to more than that"
                )
            self.schedule = Schedule(config.learning_rate, self.samples, extend_to, config.warmup_samples)

    def start_from(self, tensors: dict[str, Tensor], origin: dict[str, Any]) -> None:
        """Begin with given weights (encoder and decoder of a shipped bundle), fresh optimizer state."""
        missing, unexpected = self.model.load_state_dict(tensors, strict=False)
        if missing or unexpected:
            raise MvpRealError(
                f"the initial weights do not fit: missing {missing[:4]}, unexpected {unexpected[:4]}"
            )
        self.origin = origin

    # One step.

    def step(self, reachable: float | None = None) -> float:
        """Train on the next batch; returns its loss."""
        config = self.config
        byte_patches, noise = training_batch(self.shards, self.order, config, self.samples)
        rate = self.schedule.rate(self.samples)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        value, size = 0.0, config.micro_batch or config.batch
        for start in range(0, config.batch, size):
            part = torch.from_numpy(byte_patches[start : start + size]).to(self.device)
            share = len(part) / config.batch
            with self._autocast():
                loss = self.model.loss(
                    normalise_bytes(part), torch.from_numpy(noise[start : start + size]).to(self.device)
                )
            (share * loss).backward()  # type: ignore[no-untyped-call]
            value += share * float(loss.detach())
        if config.gradient_clip:
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), config.gradient_clip)
        if not math.isfinite(value):
            raise MvpRealError(
                f"the loss became {value} after {self.samples} samples; lower base_learning_rate"
            )
        self.optimizer.step()
        self.schedule.advance(self.samples, config.batch, reachable)
        self.samples += config.batch
        return value

    def _autocast(self) -> contextlib.AbstractContextManager[Any]:
        if self.config.precision == "bf16":
            return torch.autocast(self.device.type, torch.bfloat16)
        return contextlib.nullcontext()

    # The loop.

    def train(self, until_minutes: float | None = None) -> None:
        """Train to the end of the schedule, or for `until_minutes`, in which case the cosine ends at that
        time."""
        began = time.monotonic()
        deadline = None if until_minutes is None else began + 60.0 * until_minutes
        saved = logged = began
        recent: list[float] = []
        rate = 0.0
        if self.run.probe is not None and self.config.probe_samples and not self._has_references():
            self._log({"samples": self.samples, "probes": self._reference_probes()})
        with self.stop, self._progress() as advance:
            while self.samples < self.schedule.end and not self.stop.asked:
                now = time.monotonic()
                reachable = None if deadline is None or not rate else rate * (deadline - now)
                if deadline is not None and now >= deadline:
                    break
                recent.append(self.step(reachable))
                took = time.monotonic() - now
                self.seconds += took
                speed = self.config.batch / took
                rate = speed if not rate else 0.98 * rate + 0.02 * speed
                advance(recent[-1], rate)
                if self._crossed(self.config.validate_samples) and self._held_out is not None:
                    self._log({"samples": self.samples, **held_out_loss(self.model, self._held_out)})
                if self._crossed(self.config.probe_samples) and self.run.probe is not None:
                    self._log({"samples": self.samples, "probes": self._probes()})
                if time.monotonic() - logged > LOG_EVERY_SECONDS:
                    self._log(
                        {
                            "samples": self.samples,
                            "loss": sum(recent) / len(recent),
                            "learning_rate": self.schedule.rate(self.samples),
                            "images_per_second": rate,
                        }
                    )
                    recent, logged = [], time.monotonic()
                if time.monotonic() - saved > 60.0 * self.config.checkpoint_minutes:
                    self.save()
                    saved = time.monotonic()
        if not self.stop.asked:
            if self._held_out is not None:
                self._log({"samples": self.samples, **held_out_loss(self.model, self._held_out)})
            if self.run.probe is not None and self.config.probe_samples:
                self._log({"samples": self.samples, "probes": self._probes()})
        self.save()

    def _probes(self) -> dict[str, Any]:
        assert self.run.probe is not None
        return {"mae": probe_encoder(self.model, self.run.probe)}

    def _reference_probes(self) -> dict[str, Any]:
        assert self.run.probe is not None
        return reference_probes(self.config.encoder, self.run.probe, self.config.seed + 1)

    def _has_references(self) -> bool:
        return any("random" in row.get("probes", {}) for row in self.history)

    def _crossed(self, every: int) -> bool:
        return bool(every) and self.samples // every != (self.samples - self.config.batch) // every

    def _log(self, row: dict[str, Any]) -> None:
        row = {**row, "seconds": round(self.seconds, 1)}
        self.history.append(row)
        with (self.run.out / "log.jsonl").open("a") as stream:
            stream.write(json.dumps(row) + "\n")

    def save(self) -> None:
        """Checkpoint, loss curve and reconstruction sheet."""
        state = {
            "config": self.config.as_dict(),
            "samples": self.samples,
            "seconds": self.seconds,
            "schedule": asdict(self.schedule),
            "epochs": self.order.epochs,
            "shards": self.shards.relative_paths(),
            "images": len(self.shards),
            "origin": self.origin,
            "history": self.history,
        }
        save_checkpoint(self.run.out, self.model, self.optimizer, state)
        draw_curves(self.history, self.run.out / "curve.png")
        if self._held_out is not None:
            reconstruction_sheet(
                self.model,
                self._held_out[:: max(1, len(self._held_out) // SHEET_IMAGES)][:SHEET_IMAGES],
                self.run.out / "reconstructions.png",
            )

    @contextlib.contextmanager
    def _progress(self) -> Iterator[Any]:
        from tqdm import tqdm

        with tqdm(
            total=self.schedule.end, initial=self.samples, unit="img", unit_scale=True, mininterval=2.0
        ) as bar:

            def advance(loss: float, rate: float) -> None:
                bar.update(self.config.batch)
                bar.set_postfix(loss=f"{loss:.3f}", per_second=f"{rate:.0f}", refresh=False)

            yield advance


def has_checkpoint(directory: Path) -> bool:
    """Whether a run can be resumed from `directory`."""
    try:
        read_state(directory)
    except MvpRealError:
        return False
    return True
