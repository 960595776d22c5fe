"""What each of several processes simulates, and the thesis's training as a file."""

from __future__ import annotations

from mvp_real.resources import config_file
from mvp_real.tasks.digit.config import WalkConfig
from mvp_real.training.rl.config import load_rl_config
from mvp_real.training.rl.digit import part_of
from mvp_real.training.rl.distributed import Replicas


def test_each_process_has_its_robots_its_seed_and_its_gpu() -> None:
    config = WalkConfig.from_dict({"num_envs": 64, "seed": 5, "engine": "warp", "device": "cuda"})
    parts = [part_of(config, Replicas(rank, 4, local=rank % 2)) for rank in range(4)]
    assert [part.num_envs for part in parts] == [16] * 4
    assert [part.seed for part in parts] == [5, 6, 7, 8]
    assert [part.device for part in parts] == ["cuda:0", "cuda:1", "cuda:0", "cuda:1"]


def test_a_named_device_stays() -> None:
    chosen = WalkConfig.from_dict({"num_envs": 8, "engine": "warp", "device": "cuda:3"})
    assert part_of(chosen, Replicas(1, 2, local=1)).device == "cuda:3"
    assert part_of(WalkConfig(num_envs=8), Replicas(1, 2, local=1)).device == "cpu"


def test_the_thesis_training_has_the_thesis_numbers() -> None:
    """Xiao 2023, table 6.4: 8192 robots x 24 steps in minibatches of 49152, on four GPUs 2048 robots each."""
    config = load_rl_config(config_file("train/digit_teacher_thesis.yaml"))
    environment = WalkConfig.from_dict(config.environment)
    assert environment.num_envs * config.ppo.steps // config.ppo.minibatches == 49152
    assert config.iterations * environment.num_envs * config.ppo.steps == 1_179_648_000
    assert (config.ppo.epochs, config.ppo.clip, config.ppo.discount, config.ppo.gae_lambda) == (
        5,
        0.2,
        0.99,
        0.95,
    )
    assert config.ppo.actor_learning_rate == config.ppo.critic_learning_rate == 5e-4
    assert config.actor.hidden == config.critic.hidden == (512, 512, 256, 128)
    part = part_of(environment, Replicas(2, 4, local=2))
    assert (part.num_envs, part.engine, part.device) == (2048, "warp", "cuda:2")
