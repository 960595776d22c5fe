"""Samples per second and epoch of a PPO update, and labels per second of a distillation, on one core.

One sample passes forward and backward through actor and critic once. Measured in processor time, so that other jobs
disturb little; the share of the processor's own speed is printed beside: floating point operations of the matrix
products per second over those of a large square product in the same run.

Run: python benchmarks/ppo_update.py --output benchmarks/results.json
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from mvp_real.networks.critic import Critic
from mvp_real.networks.gaussian_actor import GaussianActor
from mvp_real.networks.mlp_policy import MlpPolicy
from mvp_real.networks.students import build_student
from mvp_real.training.rl.config import PpoConfig
from mvp_real.training.rl.ppo import Ppo
from mvp_real.training.rl.rollout import Rollout
from result_rows import Row, write_rows

OBSERVATION, STATE, ACTION, WINDOW = 66, 480, 36, 16
SIZES = {  # what the actor sees, hidden layers, whether the critic sees the privileged state or the observation
    "observation_256_128": ("observation", (256, 128), STATE),
    "observation_256_128_small_critic": ("observation", (256, 128), OBSERVATION),
    "state_256_128": ("state", (256, 128), STATE),
    "state_thesis": ("state", (512, 512, 256, 128), STATE),
}
STUDENTS = ("small", "thesis")


def product_speed(seconds: float = 1.0) -> float:
    """Floating point operations per second of a 1024 x 1024 single-precision product (best)."""
    a, b = torch.randn(1024, 1024), torch.randn(1024, 1024)
    best, end = 0.0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.process_time()
        torch.mm(a, b)
        best = max(best, 2 * 1024**3 / (time.process_time() - start))
    return best


def operations(network: nn.Module) -> float:
    """Floating point operations of the products of one sample, forward and backward; no gradient of the input."""
    matrices = [parameter.numel() for parameter in network.parameters() if parameter.ndim == 2]
    return 2.0 * (3.0 * sum(matrices) - matrices[0])


def rollout(state: int, steps: int = 24, robots: int = 256) -> Rollout:
    """Random experience of the usual size."""
    ends = torch.zeros(2, steps, robots, dtype=torch.bool)
    return Rollout(
        observation=torch.randn(steps, robots, OBSERVATION),
        state=torch.randn(steps, robots, state),
        action=torch.randn(steps, robots, ACTION),
        mean=torch.randn(steps, robots, ACTION),
        log_std=torch.zeros(ACTION),
        log_probability=torch.randn(steps, robots) - 50.0,
        reward=torch.randn(steps, robots),
        terminated=ends[0],
        truncated=ends[1],
        last_state=torch.randn(robots, state),
        final_state=torch.empty(0, state),
        final_index=torch.empty(0, dtype=torch.int64),
    )


def best_time(action: Callable[[], object], repeats: int) -> float:
    """Shortest processor time of an action, s, after one to warm up."""
    action()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        action()
        times.append(time.process_time() - start)
    return min(times)


def update_rate(source: str, hidden: tuple[int, ...], state: int, repeats: int) -> tuple[float, float]:
    """Samples per second and epoch of an update with 4 minibatches of 1,536, and its operations per sample."""
    torch.manual_seed(0)
    size = OBSERVATION if source == "observation" else state
    actor = GaussianActor(source, size, ACTION, MlpPolicy(size, ACTION, hidden), 0.6)
    critic = Critic(state, hidden)
    config = PpoConfig(epochs=4, minibatches=4, actor_schedule="constant")
    ppo, experience = Ppo(actor, critic, config, torch.Generator().manual_seed(0)), rollout(state)
    took = best_time(lambda: ppo.update(experience, 0.0), repeats)
    return config.epochs * experience.reward.numel() / took, operations(actor.network) + operations(
        critic.network
    )


def student_rate(size: str, every_position: bool, repeats: int, batch: int = 64) -> float:
    """Windows per second, forward, backward and AdamW, of the causal Transformer."""
    torch.manual_seed(0)
    network = build_student("transformer", OBSERVATION + ACTION, ACTION, size)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4, fused=True)
    tokens, mask = (
        torch.randn(batch, WINDOW, OBSERVATION + ACTION),
        torch.ones(batch, WINDOW, dtype=torch.bool),
    )

    def step() -> None:
        output: Tensor = network.all_positions(tokens, mask) if every_position else network(tokens, mask)
        optimizer.zero_grad(set_to_none=True)
        output.square().mean().backward()
        optimizer.step()

    return batch / best_time(step, repeats)


def main() -> None:
    """Measure and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results.json"))
    args = parser.parse_args()
    torch.set_num_threads(1)
    speed = product_speed()
    rows = []
    for name, (source, hidden, state) in SIZES.items():
        rate, needed = update_rate(source, hidden, state, args.repeats)
        share = rate * needed / speed
        rows.append(Row(f"ppo_update_{name}", rate, "1/s", "speed of a large matrix product", share))
    for size in STUDENTS:
        last = student_rate(size, False, args.repeats)
        rows.append(Row(f"transformer_{size}_last_token", last, "1/s", "itself", 1.0))
        labels = WINDOW * student_rate(size, True, args.repeats)
        rows.append(Row(f"transformer_{size}_every_position", labels, "1/s", "last token", labels / last))
    write_rows(args.output, rows)


if __name__ == "__main__":
    main()
