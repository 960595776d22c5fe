"""What each of several processes simulates."""

from __future__ import annotations

from mvp_real.tasks.digit.config import WalkConfig
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
