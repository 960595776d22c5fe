"""Two processes with half the robots each do what one process with all of them does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from mvp_real.training.checkpoint_files import read_state
from mvp_real.training.rl.distributed import Replicas
from tests.training.rl import train_toy

ROOT = Path(__file__).resolve().parents[3]


def test_two_processes_equal_one(tmp_path: Path) -> None:
    train_toy.main(tmp_path / "one")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    script = [str(Path(train_toy.__file__)), str(tmp_path / "two")]
    done = subprocess.run(
        [*command, *script], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr[-2000:]
    one, two = (load_file(tmp_path / name / "model.safetensors") for name in ("one", "two"))
    other = load_file(tmp_path / "two" / "replica_1" / "model.safetensors")
    moved = max(float((one[name] - value.detach()).abs().max()) for name, value in initial().items())
    for name, value in one.items():
        assert torch.equal(two[name], other[name]), name
        torch.testing.assert_close(
            two[name], value, atol=1e-4, rtol=1e-4, msg=lambda text, name=name: f"{name}: {text}"
        )
    assert moved > 0.01
    samples = [read_state(tmp_path / name)["progress"]["samples"] for name in ("one", "two")]
    assert samples == [3 * 20 * 16] * 2


def initial() -> dict[str, torch.Tensor]:
    """The actor's weights before training."""
    from mvp_real.training.rl.build import build_actor
    from tests.training.rl.conftest import settings
    from tests.training.rl.point_mass import PointMass

    torch.manual_seed(1)
    actor = build_actor(settings(), PointMass())
    return {f"actor.{name}": value for name, value in actor.network.named_parameters(prefix="network")}


def test_minibatches_of_all_processes_are_those_of_one() -> None:
    def heaps(rank: int, count: int, robots: int) -> list[torch.Tensor]:
        generator = torch.Generator().manual_seed(3)
        return Replicas(rank, count).minibatches(5, robots, 3, generator)

    whole = heaps(0, 1, 6)
    for heap, *parts in zip(whole, heaps(0, 2, 3), heaps(1, 2, 3), strict=True):
        shifted = [
            part // 3 * 6 + part % 3 + 3 * rank for rank, part in enumerate(parts)
        ]  # as the one process numbers them
        assert torch.equal(torch.cat(shifted).sort().values, heap.sort().values)
    assert torch.equal(torch.cat(whole).sort().values, torch.arange(30))


def test_noise_is_drawn_for_all_robots_at_once() -> None:
    def noise(rank: int, count: int, robots: int) -> torch.Tensor:
        return Replicas(rank, count).noise(robots, 2, torch.Generator().manual_seed(3))

    assert torch.equal(torch.cat([noise(0, 2, 3), noise(1, 2, 3)]), noise(0, 1, 6))


def test_an_unknown_way_to_join_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from mvp_real.errors import MvpRealError

    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setattr("torch.distributed.is_backend_available", lambda name: name == "gloo")
    with pytest.raises(MvpRealError, match="cannot join processes by 'nccl'; use gloo"):
        Replicas.from_torchrun("nccl")
