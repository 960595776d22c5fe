"""Success of the scripted expert on random placements, through limiter and interpolator, in both scenes.

Run: python benchmarks/expert_success.py --trials 100 --output runs/expert_success.json
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from pathlib import Path

import numpy as np

from mvp_real.messages import JointTarget
from mvp_real.sim.simulated_arm import SimulatedArm
from mvp_real.tasks.pick_fruit import SCENES, random_setup
from mvp_real.tasks.pick_fruit_expert import PickFruitExpert
from mvp_real.tasks.pick_fruit_world import PickFruitWorld


def run_trial(
    world: PickFruitWorld, arm: SimulatedArm, scene: str, seed: int, perturb: bool
) -> dict[str, object]:
    """One episode; returns its row."""
    setup = random_setup(seed, scene, "trial")
    world.reset(setup)
    arm.reset()
    arm.enable()
    expert = PickFruitExpert(world, seed, perturb)
    period = world.task.control_period
    largest, closing = 0.0, 0
    while not world.outcome().done:
        step = expert.step()
        reading = arm.read()
        largest = max(largest, float(np.max(np.abs(step.executed[:7] - reading.position[:7]))))
        closing += int(step.clean[7] == 0.0 and reading.position[7] > 0.85)
        arm.command(JointTarget(reading.names, step.executed, world.time, period))
        arm.advance(period)
    outcome = world.outcome()
    return {
        "scene": scene, "perturb": perturb, "seed": seed, "fruit": setup.placement.fruit,
        "success": outcome.success,
        "failure_category": outcome.failure_category, "steps": outcome.steps, "largest_joint_step": largest,
        "closing_frames": closing, "clamped": int(arm.diagnostics()["clamped"]), "arm_state": arm.state.value,
        "tracking_gap": float(arm.diagnostics()["largest tracking gap (rad)"]),
    }  # fmt: skip


def main() -> None:
    """Run the trials and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--output", type=Path, default=Path("runs/expert_success.json"))
    args = parser.parse_args()
    world = PickFruitWorld(scene_camera=False)
    arm = SimulatedArm(world)
    rows = []
    for scene in SCENES:
        for perturb in (False, True):
            began = time.perf_counter()
            part = [run_trial(world, arm, scene, seed, perturb) for seed in range(args.trials)]
            seconds = (time.perf_counter() - began) / args.trials
            won = [row for row in part if row["success"]]
            lost = dict(
                Counter(f"{row['fruit']} {row['failure_category']}" for row in part if not row["success"])
            )
            steps = [int(str(row["steps"])) for row in part]
            print(
                f"{scene:7s} {'perturbed' if perturb else 'clean':9s} {len(won)}/{len(part)}  steps "
                f"{min(steps)}-{max(steps)} (median {np.median(steps):.0f})  {seconds:.2f} s each {lost}"
            )
            rows += part
    args.output.parent.mkdir(parents=True, exist_ok=True)
    args.output.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
