"""Symmetry: exact by phase, as augmentation, and refused where it does not exist."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mvp_real.control.locomotion.spaces import ACTION_SIZE, OBSERVATION_SIZE
from mvp_real.errors import MvpRealError
from mvp_real.networks.gaussian import log_probability
from mvp_real.tasks.digit.privileged import Mirror
from mvp_real.training.rl.mirroring import MirrorFunctions, phase_mirror, signed_permutation
from mvp_real.training.rl.trainer import PpoTrainer
from tests.training.rl.conftest import settings
from tests.training.rl.gait_mass import GaitMass, mirror_action, mirror_observation, mirror_state
from tests.training.rl.point_mass import PointMass

DIGIT_MIRROR = Mirror()


def test_a_mirror_function_becomes_a_permutation_with_signs() -> None:
    order, sign = signed_permutation(DIGIT_MIRROR.observation, OBSERVATION_SIZE)
    x = np.random.default_rng(0).normal(size=(3, OBSERVATION_SIZE))
    np.testing.assert_array_equal(DIGIT_MIRROR.observation(x), x[:, order] * sign)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: 2.0 * x, "permute them and change signs"),
        (lambda x: x[..., [1, 2, 0]], "undo itself"),
        (lambda x: x + 1.0, "permute them and change signs"),
    ],
)
def test_other_functions_are_refused(function, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(MvpRealError, match=message):
        signed_permutation(function, 3)


@pytest.mark.parametrize("source", ["observation", "state"])
def test_a_phase_mirrored_policy_is_exactly_symmetric(tmp_path: Path, source: str) -> None:
    trainer = PpoTrainer(GaitMass(), settings(actor={"source": source, "symmetry": "phase"}), tmp_path)
    for _ in range(2):
        trainer.step()
    environment = GaitMass(64)
    seen = environment.reset()
    for _ in range(5):
        seen = environment.step(np.random.default_rng(1).normal(size=(64, 2))).observations
    mirror = mirror_observation if source == "observation" else mirror_state
    x = torch.from_numpy(getattr(seen, source)).float()
    with torch.no_grad():
        action = trainer.actor(x).numpy()
        image = trainer.actor(torch.from_numpy(mirror(x.numpy())).float()).numpy()
        value = trainer.critic(torch.from_numpy(seen.state).float())
        value_of_image = trainer.critic(torch.from_numpy(mirror_state(seen.state)).float())
    np.testing.assert_array_equal(image, mirror_action(action))
    assert np.abs(action[:, 0] - action[:, 1]).max() > 1e-3
    assert torch.equal(value, value_of_image)


def test_digits_clock_decides_alike_on_both_sides_at_every_tick() -> None:
    mirror = phase_mirror(DIGIT_MIRROR, "observation", OBSERVATION_SIZE, ACTION_SIZE)
    phase = 2 * np.pi * np.arange(40) / 40
    x = np.zeros((40, OBSERVATION_SIZE), np.float32)
    x[:, DIGIT_MIRROR.clock[0]], x[:, DIGIT_MIRROR.clock[1]] = np.sin(phase), np.cos(phase)
    first = mirror.second_half(torch.from_numpy(x))
    other = mirror.second_half(torch.from_numpy(DIGIT_MIRROR.observation(x).astype(np.float32)))
    assert torch.equal(first, ~other)
    assert int(first.sum()) == 20


def test_the_stored_density_is_that_of_the_robots_action(tmp_path: Path) -> None:
    trainer = PpoTrainer(GaitMass(), settings(actor={"symmetry": "phase"}), tmp_path)
    with torch.no_grad():
        trainer.actor.log_std[0] -= 0.5
    rollout = trainer.collector.collect(trainer.actor)
    seen = rollout.observation.flatten(0, 1)
    with torch.no_grad():
        found = log_probability(
            rollout.action.flatten(0, 1), trainer.actor(seen), trainer.actor.log_std_of(seen)
        )
    torch.testing.assert_close(found, rollout.log_probability.flatten(), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("symmetry", ["none", "phase", "augmentation"])
def test_ppo_learns_the_gait_with_each_symmetry(tmp_path: Path, symmetry: str) -> None:
    trainer = PpoTrainer(GaitMass(16), settings(actor={"symmetry": symmetry, "initial_std": 0.3}), tmp_path)
    before = trainer.step()["reward"]
    for _ in range(14):
        after = trainer.step()["reward"]
    assert after > 0.45 > before + 0.15


def test_an_augmented_policy_comes_close_to_symmetry(tmp_path: Path) -> None:
    def asymmetry(symmetry: str) -> float:
        trainer = PpoTrainer(GaitMass(16), settings(actor={"symmetry": symmetry}), tmp_path / symmetry)
        for _ in range(10):
            trainer.step()
        x = torch.from_numpy(GaitMass(64).reset().observation).float()
        with torch.no_grad():
            action = trainer.actor(x).numpy()
            image = trainer.actor(torch.from_numpy(mirror_observation(x.numpy())).float()).numpy()
        return float(np.abs(image - mirror_action(action)).mean())

    assert asymmetry("augmentation") < asymmetry("none")


def test_symmetry_without_a_mirror_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MvpRealError, match="choose symmetry 'none'"):
        PpoTrainer(PointMass(), settings(actor={"symmetry": "phase"}), tmp_path)
    blind = MirrorFunctions(mirror_observation, mirror_action, (2, 3))
    with pytest.raises(MvpRealError, match="needs a mirror function of the state"):
        phase_mirror(blind, "state", 5, 2)
