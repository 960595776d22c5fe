"""Schedules of the learning rate, its adaptation, and what the update bootstraps from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mvp_real.networks.gaussian import log_probability
from mvp_real.training.rl.config import RlConfig
from mvp_real.training.rl.ppo import HIGHEST_RATE, LOWEST_RATE
from mvp_real.training.rl.trainer import PpoTrainer
from tests.training.rl.conftest import settings
from tests.training.rl.point_mass import PointMass


def rates(trainer: PpoTrainer, progress: float) -> list[float]:
    trainer.ppo.set_rates(progress)
    return [group["lr"] for group in trainer.ppo.optimizer.param_groups]


def test_the_actor_follows_a_cosine_and_the_critic_stays(tmp_path: Path) -> None:
    trainer = PpoTrainer(
        PointMass(), settings(ppo={"actor_schedule": "cosine", "critic_learning_rate": 5e-4}), tmp_path
    )
    for iteration, actor in ((0, 5e-4), (3000, 2.5e-4), (6000, 0.0)):
        assert rates(trainer, iteration / 6000) == pytest.approx([actor, actor, 5e-4, 5e-4], abs=1e-12)


def test_the_adaptive_rate_stays_within_bounds(tmp_path: Path, config: RlConfig) -> None:
    ppo = PpoTrainer(PointMass(), config, tmp_path).ppo
    ppo.adapt_rate(0.02)
    assert ppo.actor_rate == 5e-4
    ppo.adapt_rate(0.05)
    assert ppo.actor_rate == pytest.approx(5e-4 / 1.5)
    ppo.adapt_rate(0.001)
    assert ppo.actor_rate == pytest.approx(5e-4)
    for kl, bound in ((0.001, HIGHEST_RATE), (1.0, LOWEST_RATE)):
        for _ in range(40):
            ppo.adapt_rate(kl)
        assert ppo.actor_rate == bound


def test_a_rate_that_aims_ends_updates_at_the_desired_divergence(tmp_path: Path) -> None:
    aiming = settings(ppo={"adapt": "update", "desired_kl": 0.003, "actor_learning_rate": 1e-2, "epochs": 3})
    trainer = PpoTrainer(PointMass(32), aiming, tmp_path)
    found = [trainer.step()["kl"] for _ in range(14)]
    assert found[0] > 0.012
    assert 0.002 < np.mean(found[6:]) < 0.0045
    trainer.ppo.actor_rate = HIGHEST_RATE
    trainer.ppo.aim_rate(0.0)
    assert trainer.ppo.actor_rate == HIGHEST_RATE
    for _ in range(20):
        trainer.ppo.aim_rate(1.0)
    assert trainer.ppo.actor_rate == LOWEST_RATE


def test_biases_norms_and_spread_do_not_decay(tmp_path: Path, config: RlConfig) -> None:
    trainer = PpoTrainer(PointMass(), config, tmp_path)
    decays = {
        id(parameter): group["weight_decay"]
        for group in trainer.ppo.optimizer.param_groups
        for parameter in group["params"]
    }
    assert decays[id(trainer.actor.log_std)] == 0.0
    assert {decays[id(p)] for p in trainer.actor.network.parameters() if p.ndim > 1} == {0.01}
    assert len(decays) == len(trainer.parts.named_parameters())


def test_values_after_a_step_are_those_of_the_state_that_followed(tmp_path: Path, config: RlConfig) -> None:
    trainer = PpoTrainer(PointMass(8), config, tmp_path)
    trainer.collector.collect(trainer.actor)
    trainer.environment.age += 15  # so that some run out of time in the middle of the next rollout
    followed = []
    step = trainer.environment.step

    def recording(action):  # type: ignore[no-untyped-def]
        outcome = step(action)
        followed.append(outcome.info["final_state"])
        return outcome

    trainer.environment.step = recording  # type: ignore[method-assign]
    rollout = trainer.collector.collect(trainer.actor)
    assert rollout.truncated.any()
    with torch.no_grad():
        after = trainer.critic(torch.from_numpy(np.stack(followed)).float())
        before = trainer.critic(rollout.state)
        states = trainer.critic.prepare(rollout.state.flatten(0, 1))
    advantage, returns = trainer.ppo.advantages(rollout, states)
    torch.testing.assert_close(returns, advantage + before)
    last = rollout.terminated | rollout.truncated
    expected = rollout.reward + 0.99 * after * ~rollout.terminated - before
    torch.testing.assert_close(advantage[last], expected[last])
    torch.testing.assert_close(advantage[-1], expected[-1])


def test_the_stored_density_is_that_of_the_action(tmp_path: Path, config: RlConfig) -> None:
    trainer = PpoTrainer(PointMass(8), config, tmp_path)
    trainer.step()
    rollout = trainer.collector.collect(trainer.actor)
    with torch.no_grad():
        mean = trainer.actor(rollout.observation.flatten(0, 1)).view_as(rollout.mean)
        found = log_probability(rollout.action, mean, trainer.actor.log_std)
    torch.testing.assert_close(found, rollout.log_probability, atol=1e-5, rtol=1e-5)


def test_the_spread_is_kept_within_its_bounds(tmp_path: Path) -> None:
    bounded = settings(actor={"final_std": 0.2, "anneal_until": 0.5, "std_floor": 0.15}, iterations=10)
    trainer = PpoTrainer(PointMass(), bounded, tmp_path)
    with torch.no_grad():
        trainer.actor.log_std[0] = -9.0
    stds = []
    for _ in range(7):
        trainer.step()
        stds.append(trainer.actor.log_std.detach().exp())
    assert stds[0][0] == pytest.approx(0.15, abs=0.02)
    assert stds[-1].max() <= 0.2 + 1e-6
