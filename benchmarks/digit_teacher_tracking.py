"""How a privileged policy follows commands on the training model: a look while it trains, no evaluation.

    python benchmarks/digit_teacher_tracking.py models/digit_teacher_wide

Mean action, no pushes; per command the mean velocity over the last 8 s, the rise of the soles, and falls.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from mvp_real.tasks.digit.config import WalkConfig
from mvp_real.tasks.digit.environment import WalkEnvironment
from mvp_real.training.checkpoint_files import read_state
from mvp_real.training.rl.build import load_actor

COMMANDS = (
    (0.0, 0.0, 0.0), (0.3, 0.0, 0.0), (0.6, 0.0, 0.0), (1.0, 0.0, 0.0), (-0.3, 0.0, 0.0),
    (0.0, 0.3, 0.0), (0.0, -0.3, 0.0), (0.0, 0.0, 1.0), (0.0, 0.0, -1.0), (0.5, 0.2, 0.5),
)  # fmt: skip
STEPS, SETTLING = 500, 100  # of 20 ms


def environment(command: tuple[float, float, float], robots: int, gait: dict[str, float]) -> WalkEnvironment:
    """Robots that are all told the same, and see the foot targets of a gait."""
    forward, sideways, turn = ([value, value] for value in command)
    return WalkEnvironment(
        WalkConfig.from_dict(
            {
                "num_envs": robots,
                "joint_friction": False,
                "seed": 77,
                "gait": gait,
                "commands": {"forward": forward, "sideways": sideways, "turn": turn},
                "randomisation": {"strength": 0.4, "rows": {"joint_position": 0.2, "restitution": 0.0}},
            }
        )
    )


def main() -> None:
    """Print a line per command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, help="folder with a checkpoint of a policy on the state")
    parser.add_argument("--robots", type=int, default=6, help="per command")
    args = parser.parse_args()
    torch.set_num_threads(1)
    gait = read_state(args.run)["config"]["environment"].get("gait", {})
    for command in COMMANDS:
        world = environment(command, args.robots, gait)
        actor, _ = load_actor(args.run, world, world.mirror)
        seen, layout = world.reset(), world.state_layout
        velocity, soles, falls = [], [], 0
        for step in range(STEPS):
            with torch.no_grad():
                action = actor(torch.as_tensor(np.asarray(seen.state, dtype=np.float32))).numpy()
            result = world.step(action)
            seen = result.observations
            falls += int(result.terminated.sum())
            if step >= SETTLING:
                velocity.append(seen.state[:, layout["mean_velocity"]])
                soles.append(seen.state[:, layout["foot_place"]].reshape(args.robots, 2, 3)[..., 2])
        world.close()
        mean = ", ".join(f"{value:.2f}" for value in np.mean(velocity, axis=(0, 1)))
        rise = float(np.ptp(np.array(soles), axis=0).mean())
        print(f"{command} -> {mean}; soles {rise:.2f} m, {falls} falls")


if __name__ == "__main__":
    main()
