"""rsl_rl's own runner trains on our environments (needs rsl-rl-lib, extra `rsl-rl`)."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mvp_real.errors import MvpRealError
from mvp_real.training.rl.rsl_rl_environment import RslRlEnvironment
from tests.training.rl.point_mass import LENGTH, PointMass


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib

    def missing(name: str) -> None:
        raise ModuleNotFoundError(f"No module named '{name}'", name=name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(MvpRealError, match=r"pip install 'mvp_real\[rsl-rl\]'"):
        RslRlEnvironment(PointMass(), LENGTH)


def test_steps_falls_and_time_outs_are_passed_on() -> None:
    pytest.importorskip("tensordict")
    environment, own = RslRlEnvironment(PointMass(4), LENGTH), PointMass(4)
    own.reset()
    pushes = np.zeros((4, 2), np.float32)
    pushes[0] = 1.0  # falls over the edge
    fell = 0
    for _ in range(LENGTH):
        seen, reward, done, extras = environment.step(torch.from_numpy(pushes))
        expected = own.step(pushes)
        np.testing.assert_allclose(seen["observation"], expected.observations.observation, rtol=1e-6)
        np.testing.assert_allclose(seen["state"], expected.observations.state, rtol=1e-6)
        np.testing.assert_allclose(reward, expected.reward, rtol=1e-6)
        assert done.tolist() == (expected.terminated | expected.truncated).tolist()
        assert extras["time_outs"].tolist() == expected.truncated.tolist()
        fell += int((done & ~extras["time_outs"]).sum())
    assert fell > 0
    assert extras["time_outs"].any()
    assert torch.equal(environment.episode_length_buf[done], torch.zeros(int(done.sum()), dtype=torch.int64))
    assert environment.episode_length_buf.tolist() == own.age.tolist()
    assert extras["log"]["/distance"] == pytest.approx(expected.info["metrics"]["distance"].mean())


def test_its_runner_learns_the_point_mass() -> None:
    runners = pytest.importorskip("rsl_rl.runners")
    torch.manual_seed(0)
    environment = RslRlEnvironment(PointMass(32), LENGTH)
    network = {"class_name": "MLPModel", "hidden_dims": [32, 32], "obs_normalization": True}
    noise = {"class_name": "GaussianDistribution", "init_std": 0.6}
    runner = runners.OnPolicyRunner(
        environment,
        {
            "num_steps_per_env": 20,
            "save_interval": 100,
            "obs_groups": {"actor": ["observation"], "critic": ["state"]},
            "actor": {**network, "distribution_cfg": noise},
            "critic": dict(network),
            "algorithm": {"class_name": "PPO", "desired_kl": 0.02, "entropy_coef": 0.001},
        },
        log_dir=None,
    )

    def mean_reward() -> float:
        policy, seen, rewards = runner.get_inference_policy(), environment.get_observations(), []
        with torch.inference_mode():
            for _ in range(LENGTH):
                seen, reward, _, _ = environment.step(policy(seen))
                rewards.append(float(reward.mean()))
        return float(np.mean(rewards))

    before = mean_reward()
    runner.learn(15)
    assert mean_reward() > before + 0.2
