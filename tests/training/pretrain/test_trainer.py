"""The loop learns, resumes exactly, stops when asked, extends, and starts from shipped weights."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mvp_real.clocks import ManualClock
from mvp_real.errors import MvpRealError
from mvp_real.training.checkpoint_files import read_state
from mvp_real.training.pretrain.checkpoint import load_model
from mvp_real.training.pretrain.config import MaeTrainingConfig
from mvp_real.training.pretrain.probes import ProbeSet
from mvp_real.training.pretrain.trainer import MaeRun, MaeTrainer


def test_loss_falls_below_that_of_predicting_zero(config: MaeTrainingConfig, run: MaeRun) -> None:
    longer = MaeTrainingConfig.from_dict({**config.as_dict(), "max_samples": 2400})
    trainer = MaeTrainer(longer, run)
    trainer.train()
    rows = [row for row in trainer.history if "held_out_loss" in row]
    assert rows[-1]["held_out_loss"] < 0.8 * rows[-1]["held_out_loss_of_zero"]
    assert rows[-1]["held_out_loss"] < rows[0]["held_out_loss"]
    written = [json.loads(line) for line in (run.out / "log.jsonl").read_text().splitlines()]
    assert written == trainer.history
    for picture in ("curve.png", "reconstructions.png"):
        assert (run.out / picture).read_bytes().startswith(b"\x89PNG")


def test_a_resumed_run_equals_an_uninterrupted_one(config: MaeTrainingConfig, run: MaeRun) -> None:
    whole = MaeTrainer(config, replace(run, out=run.out.parent / "whole", held_out=None))
    whole.train()
    first = MaeTrainer(config, replace(run, held_out=None))
    for _ in range(13):  # in the middle of the second epoch
        first.step()
    first.save()
    second = MaeTrainer(config, replace(run, held_out=None))
    second.resume()
    assert second.samples == 104
    second.train()
    assert second.samples == whole.samples == 240
    for name, value in whole.model.state_dict().items():
        assert torch.equal(second.model.state_dict()[name], value), name


def test_passes_over_parts_of_a_batch_add_up(config: MaeTrainingConfig, run: MaeRun) -> None:
    parts = MaeTrainingConfig.from_dict({**config.as_dict(), "micro_batch": 3})
    whole, summed = MaeTrainer(config, run), MaeTrainer(parts, run)
    assert summed.step() == pytest.approx(whole.step(), rel=1e-6)
    for one, other in zip(whole.model.parameters(), summed.model.parameters(), strict=True):
        if one.grad is not None:
            torch.testing.assert_close(one.grad, other.grad, atol=1e-6, rtol=1e-4)


def test_files_of_two_checkpoints_are_not_mixed(config: MaeTrainingConfig, run: MaeRun) -> None:
    trainer = MaeTrainer(config, replace(run, held_out=None))
    trainer.step()
    trainer.save()
    earlier = (run.out / "optimizer.safetensors").read_bytes()
    trainer.step()
    trainer.save()
    (run.out / "optimizer.safetensors").write_bytes(earlier)  # as after a crash between two renames
    with pytest.raises(MvpRealError, match=r"optimizer\.safetensors' was written at 8, state\.json at 16"):
        MaeTrainer(config, replace(run, held_out=None)).resume()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_stop_signal_ends_with_a_checkpoint(
    config: MaeTrainingConfig, run: MaeRun, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    trainer = MaeTrainer(config, run)
    step = trainer.step

    def step_then_stop(reachable: float | None = None) -> float:
        if trainer.samples == 24:
            os.kill(os.getpid(), number)
        return step(reachable)

    monkeypatch.setattr(trainer, "step", step_then_stop)
    before = signal.getsignal(number)
    trainer.train()
    assert read_state(run.out)["samples"] == 32
    assert signal.getsignal(number) == before


def test_extension_warms_up_and_anneals_again(config: MaeTrainingConfig, run: MaeRun) -> None:
    MaeTrainer(config, run).train()
    longer = MaeTrainer(config, run)
    longer.resume(extend_to=400)
    assert longer.schedule.rate(longer.samples) == 0.0
    assert longer.schedule.rate(longer.samples + 32) == pytest.approx(config.learning_rate)
    longer.train()
    assert read_state(run.out)["samples"] == 400
    with pytest.raises(MvpRealError, match="has seen 400 samples already"):
        MaeTrainer(config, run).resume(extend_to=300)


def test_resuming_with_other_settings_names_them(config: MaeTrainingConfig, run: MaeRun) -> None:
    MaeTrainer(config, run).save()
    other = MaeTrainingConfig.from_dict({**config.as_dict(), "mask_ratio": 0.5, "validate_samples": 7})
    with pytest.raises(MvpRealError, match=r"other settings \(mask_ratio\)"):
        MaeTrainer(other, run).resume()


def test_training_goes_on_from_given_weights(config: MaeTrainingConfig, run: MaeRun) -> None:
    first = MaeTrainer(config, run)
    first.train()
    second = MaeTrainer(config, replace(run, out=run.out.parent / "second"))
    second.start_from(dict(first.model.state_dict()), {"bundle": "first"})
    second.step()
    second.save()
    model, _, state = load_model(second.run.out)
    assert state["origin"] == {"bundle": "first"}
    assert torch.equal(model.pos_embed, first.model.pos_embed)
    with pytest.raises(MvpRealError, match="do not fit: missing"):
        second.start_from({}, {})


def test_minutes_end_the_run_with_a_spent_schedule(
    config: MaeTrainingConfig, run: MaeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless = MaeTrainingConfig.from_dict({**config.as_dict(), "max_samples": 100_000_000})
    trainer = MaeTrainer(endless, replace(run, held_out=None))
    clock, step = ManualClock(), trainer.step

    def step_of_a_second(reachable: float | None = None) -> float:
        clock.advance(1.0 if trainer.samples < 400 else 1.25)  # another job comes up half-way
        return step(reachable)

    monkeypatch.setattr(trainer, "step", step_of_a_second)
    monkeypatch.setattr("mvp_real.training.pretrain.trainer.time", SimpleNamespace(monotonic=clock.now))
    trainer.train(until_minutes=100 / 60)
    assert trainer.samples == 8 * 90
    assert trainer.schedule.rate(trainer.samples) < 0.02 * endless.learning_rate


def test_a_diverging_run_stops(config: MaeTrainingConfig, run: MaeRun) -> None:
    trainer = MaeTrainer(config, run)
    with torch.no_grad():
        trainer.model.decoder_pred.bias.fill_(float("nan"))
    with pytest.raises(MvpRealError, match="lower base_learning_rate"):
        trainer.step()


def test_probes_are_logged_with_their_references(config: MaeTrainingConfig, run: MaeRun) -> None:
    random = np.random.default_rng(0)
    probe = ProbeSet(
        random.integers(0, 256, (40, 16, 16, 3), dtype=np.uint8),
        random.normal(0, 0.02, (40, 2)).astype(np.float32),
        30,
    )
    often = MaeTrainingConfig.from_dict({**config.as_dict(), "probe_samples": 120, "max_samples": 160})
    trainer = MaeTrainer(often, replace(run, probe=probe))
    trainer.train()
    rows = [(row["samples"], sorted(row["probes"])) for row in trainer.history if "probes" in row]
    assert rows == [(0, ["random", "raw"]), (120, ["mae"]), (160, ["mae"])]
