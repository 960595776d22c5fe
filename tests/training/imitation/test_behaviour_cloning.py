"""Behaviour cloning learns, stops a hopeless policy, and resumes to the same weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mvp_real.errors import MvpRealError
from mvp_real.training.imitation.behaviour_cloning import train_controller
from mvp_real.training.imitation.config import BehaviourCloningConfig
from mvp_real.training.imitation.dataset import ImitationDataset, step_limit


def dataset(steps: int, tokens: int = 1, dim: int = 12, seed: int = 0) -> ImitationDataset:
    random = np.random.default_rng(seed)
    inputs = random.normal(3.0, 2.0, (steps, tokens, dim)).astype(np.float32)
    states = random.normal(0.0, 1.0, (steps, 8)).astype(np.float32)
    actions = 0.05 * np.tanh(inputs[:, 0, :8] - 3.0).astype(np.float32) + 0.01 * states
    return ImitationDataset(
        inputs, states, actions, np.zeros(steps, dtype=np.intp), ("demo",), step_limit(actions)
    )


def config(**changes: object) -> BehaviourCloningConfig:
    base = BehaviourCloningConfig(readout="flat", encoder="oracle", epochs=30, warmup_epochs=3, batch_size=20)
    return replace(base, **changes)  # type: ignore[arg-type]


def test_one_short_demonstration_is_learnt_by_heart() -> None:
    """mvp_real sheet, check 9: 20 steps, 300 updates, below 1 % of the zero action."""
    data = dataset(20)
    _, report = train_controller(config(epochs=300, warmup_epochs=30), data)
    assert report.zero_action_loss == pytest.approx(float(np.mean(data.actions**2)), rel=1e-5)
    assert report.loss < 0.01 * report.zero_action_loss


def test_a_policy_like_standing_still_fails_the_job() -> None:
    data = dataset(64)
    noise = np.random.default_rng(1).normal(0, 0.05, data.actions.shape).astype(np.float32)
    blind = replace(data, inputs=np.zeros_like(data.inputs), actions=noise)
    with pytest.raises(MvpRealError, match="standing still"):
        train_controller(config(epochs=3, warmup_epochs=1), blind)
    _, report = train_controller(config(epochs=3, warmup_epochs=1), blind, require_gain=False)
    assert report.gain < 2


def test_constants_of_the_demonstrations_are_stored() -> None:
    data = dataset(200)
    controller, _ = train_controller(config(epochs=40, standardise_state=True), data)
    np.testing.assert_allclose(controller.pooled_mean, data.inputs[:, 0].mean(0), rtol=1e-4)
    np.testing.assert_allclose(1 / controller.pooled_scale, data.inputs[:, 0].std(0, ddof=1), rtol=1e-4)
    np.testing.assert_allclose(controller.state_mean, data.proprioception.mean(0), atol=1e-5)


def test_keypoints_learn_where_a_patch_lights_up() -> None:
    random = np.random.default_rng(0)
    steps, side = 400, 6
    inputs = 0.05 * random.normal(size=(steps, 1 + side * side, 5)).astype(np.float32)
    rows, columns = random.integers(0, side, steps), random.integers(0, side, steps)
    inputs[np.arange(steps), 1 + side * rows + columns, 2] += 2.0
    actions = np.zeros((steps, 8), dtype=np.float32)
    actions[:, 0], actions[:, 1] = 0.02 * (columns - 2.5), 0.02 * (rows - 2.5)
    states = np.zeros((steps, 8), dtype=np.float32)
    data = ImitationDataset(
        inputs, states, actions, np.zeros(steps, dtype=np.intp), ("demo",), step_limit(actions)
    )
    _, report = train_controller(config(readout="keypoints", keypoints=4, epochs=60, warmup_epochs=6), data)
    assert report.gain > 50


def test_an_interrupted_training_ends_with_the_same_weights(tmp_path: Path) -> None:
    data = dataset(60)
    settings = config(epochs=110, warmup_epochs=10, token_noise=0.1, dropout=0.1)
    straight, _ = train_controller(settings, data, tmp_path / "straight")

    class Interrupted(Exception):
        pass

    def stop(epoch: int, epochs: int, loss: float) -> None:
        if epoch == 75:
            raise Interrupted

    with pytest.raises(Interrupted):
        train_controller(settings, data, tmp_path / "resumed", stop)
    seen: list[int] = []
    resumed, report = train_controller(
        settings, data, tmp_path / "resumed", lambda epoch, epochs, loss: seen.append(epoch)
    )
    assert seen[0] == 51
    assert len(report.losses) == 110
    for name, value in straight.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name
    lines = (tmp_path / "resumed" / "loss.csv").read_text().splitlines()
    assert lines[0] == "epoch,loss"
    assert len(lines) == 111


def test_other_settings_start_afresh(tmp_path: Path) -> None:
    data = dataset(40)
    train_controller(config(), data, tmp_path)
    seen: list[int] = []
    train_controller(config(seed=2), data, tmp_path, lambda epoch, epochs, loss: seen.append(epoch))
    assert seen[0] == 1


def test_joint_limit_is_a_quarter_above_the_demonstrations_but_at_most_015() -> None:
    actions = np.zeros((3, 8))
    actions[1, :7] = [0.04, -0.08, 0.2, 0, 0.1, 0.12, -0.121]
    np.testing.assert_allclose(step_limit(actions), [0.05, 0.1, 0.15, 0.0, 0.125, 0.15, 0.15])
