"""PPO solves a point mass, resumes bit for bit, stops when asked and names what is not a number."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest
import torch

from mvp_real.errors import MvpRealError
from mvp_real.training.checkpoint_files import read_state
from mvp_real.training.rl.build import build_actor
from mvp_real.training.rl.checkpoint import load_networks
from mvp_real.training.rl.config import RlConfig
from mvp_real.training.rl.trainer import PpoTrainer
from tests.training.rl.conftest import settings
from tests.training.rl.point_mass import LENGTH, PointMass


@pytest.mark.parametrize("source", ["observation", "state"])
def test_ppo_brings_the_mass_to_the_origin(tmp_path: Path, source: str) -> None:
    trainer = PpoTrainer(PointMass(32), settings(actor={"source": source}), tmp_path)
    trainer.train()
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [row["iteration"] for row in rows] == list(range(1, 29))
    assert rows[0]["reward"] < 0.4
    assert rows[-1]["reward"] > 0.75
    assert rows[-1]["episode_length"] == LENGTH
    assert rows[-1]["distance"] < 0.45
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


def tensors(trainer: PpoTrainer) -> dict[str, torch.Tensor]:
    return {
        f"{name}.{key}": value
        for name, network in trainer.parts.networks.items()
        for key, value in network.state_dict().items()
    }


@pytest.mark.parametrize("schedule", ["adaptive", "cosine"])
def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path: Path, schedule: str) -> None:
    config = settings(ppo={"actor_schedule": schedule}, iterations=8)
    whole = PpoTrainer(PointMass(), config, tmp_path / "whole")
    whole.train()
    first = PpoTrainer(PointMass(), config, tmp_path / "parts")
    for _ in range(3):
        first.step()
    first.save()
    second = PpoTrainer(PointMass(seed=99), config, tmp_path / "parts", resume=True)
    assert second.progress.iteration == 3
    second.train()
    for name, value in tensors(whole).items():
        assert torch.equal(tensors(second)[name], value), name
    assert second.ppo.actor_rate == whole.ppo.actor_rate
    assert np.array_equal(second.environment.position, whole.environment.position)
    assert second.progress.samples == whole.progress.samples == 8 * 20 * 16


def test_an_environment_without_a_state_begins_new_episodes(tmp_path: Path, config: RlConfig) -> None:
    class Forgetful(PointMass):
        random_state = None  # type: ignore[assignment]

    first = PpoTrainer(Forgetful(), config, tmp_path)
    first.step()
    first.save()
    second = PpoTrainer(Forgetful(), config, tmp_path, resume=True)
    assert second.collector.observations is None
    second.step()
    assert second.environment.age.max() <= 20


def test_a_stop_signal_ends_with_a_checkpoint(
    tmp_path: Path, config: RlConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = PpoTrainer(PointMass(), config, tmp_path)
    step = trainer.step

    def step_then_stop() -> dict:
        if trainer.progress.iteration == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        return step()

    monkeypatch.setattr(trainer, "step", step_then_stop)
    before = signal.getsignal(signal.SIGTERM)
    trainer.train()
    assert read_state(tmp_path)["progress"]["iteration"] == 3
    assert signal.getsignal(signal.SIGTERM) == before


def test_minutes_end_a_run(tmp_path: Path, config: RlConfig) -> None:
    trainer = PpoTrainer(PointMass(), config, tmp_path)
    trainer.train(minutes=0.0)
    assert read_state(tmp_path)["progress"]["iteration"] == 0


def test_a_folder_is_neither_overwritten_nor_resumed_with_other_settings(
    tmp_path: Path, config: RlConfig
) -> None:
    with pytest.raises(MvpRealError, match="there is no checkpoint"):
        PpoTrainer(PointMass(), config, tmp_path, resume=True)
    PpoTrainer(PointMass(), config, tmp_path).save()
    with pytest.raises(MvpRealError, match="holds a run already"):
        PpoTrainer(PointMass(), config, tmp_path)
    with pytest.raises(MvpRealError, match=r"other settings \(ppo\)"):
        PpoTrainer(PointMass(), settings(ppo={"clip": 0.1}), tmp_path, resume=True)
    with pytest.raises(MvpRealError, match="does not fit"):
        load_networks(tmp_path, {"actor": build_actor(settings(actor={"hidden": [8]}), PointMass())})


def test_a_torn_checkpoint_is_noticed(tmp_path: Path, config: RlConfig) -> None:
    trainer = PpoTrainer(PointMass(), config, tmp_path)
    trainer.save()
    old = (tmp_path / "optimizer.safetensors").read_bytes()
    trainer.step()
    trainer.save()
    (tmp_path / "optimizer.safetensors").write_bytes(old)
    with pytest.raises(MvpRealError, match="cut off while it saved"):
        PpoTrainer(PointMass(), config, tmp_path, resume=True)


def test_a_number_that_is_none_is_named_and_dumped(tmp_path: Path, config: RlConfig) -> None:
    class Broken(PointMass):
        def step(self, action):  # type: ignore[no-untyped-def]
            outcome = super().step(action)
            outcome.observations.state[3, 5] = np.nan
            return outcome

    with pytest.raises(MvpRealError, match=r"'state' holds nan at \(1, 3, 5\).*iteration 0"):
        PpoTrainer(Broken(), config, tmp_path).step()
    with np.load(tmp_path / "non_finite_batch.npz") as batch:
        assert np.isnan(batch["state"][1, 3, 5])
        assert batch["reward"].shape == (20, 16)


def test_weights_that_are_no_numbers_are_named(tmp_path: Path, config: RlConfig) -> None:
    trainer = PpoTrainer(PointMass(), config, tmp_path)
    with torch.no_grad():
        trainer.critic.network[0].bias.fill_(float("inf"))
    with pytest.raises(MvpRealError, match=r"not finite|lower the learning rate"):
        trainer.step()
    assert (tmp_path / "non_finite_batch.npz").is_file()


def test_the_environment_may_change_its_task(tmp_path: Path, config: RlConfig) -> None:
    class Harder(PointMass):
        def curriculum(self, statistics: dict) -> dict:
            return {"seen_iteration": statistics["iteration"]}

    assert PpoTrainer(Harder(), config, tmp_path).step()["seen_iteration"] == 1


def test_each_action_explores_as_freely_as_the_environment_says() -> None:
    environment = PointMass()
    environment.exploration = np.array([1.0, 0.25])[: environment.action_size]
    config = settings(actor={"hidden": [8], "initial_std": 0.4})
    std = build_actor(config, environment).log_std.exp()
    np.testing.assert_allclose(std.detach().numpy(), 0.4 * environment.exploration, rtol=1e-6)


def test_a_policy_does_not_read_what_is_unseen() -> None:
    environment = PointMass()
    environment.state_layout = {"first": slice(0, 1), "rest": slice(1, environment.state_size)}
    policy = build_actor(settings(actor={"source": "state", "hidden": [8], "unseen": ["first"]}), environment)
    with torch.no_grad():
        for parameter in policy.parameters():
            parameter.add_(torch.randn(parameter.shape))
    state = torch.randn(5, environment.state_size)
    changed = state.clone()
    changed[:, 0] += 3.0
    torch.testing.assert_close(policy(changed), policy(state))
    changed[:, 1] += 3.0
    assert not torch.allclose(policy(changed), policy(state))


def test_an_unseen_group_must_exist() -> None:
    environment = PointMass()
    environment.state_layout = {"first": slice(0, 1)}
    config = settings(actor={"source": "state", "hidden": [8], "unseen": ["frist"]})
    with pytest.raises(MvpRealError, match="unknown group of the state 'frist'; did you mean first"):
        build_actor(config, environment)
    with pytest.raises(MvpRealError, match="'unseen' names groups of the state"):
        build_actor(settings(actor={"source": "observation", "unseen": ["first"]}), environment)
