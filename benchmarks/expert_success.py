"""Success of the scripted expert on random placements, through limiter and interpolator, in both scenes.

Trials are kept one by one in `--output`; an interrupted run goes on with those that are missing.
Run: python benchmarks/expert_success.py --trials 100
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from mvp_real.messages import JointTarget
from mvp_real.sim.simulated_arm import SimulatedArm
from mvp_real.tasks.pick_fruit import SCENES, random_setup
from mvp_real.tasks.pick_fruit_expert import PickFruitExpert
from mvp_real.tasks.pick_fruit_world import PickFruitWorld
from result_rows import Row, write_rows

REQUIRED_SHARE = 98.0


def run_trial(
    world: PickFruitWorld, arm: SimulatedArm, scene: str, seed: int, perturb: bool
) -> dict[str, Any]:
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
        closing += int(step.clean[7] == 0.0 and reading.position[7] > arm.limits.table.gripper_open_threshold)
        arm.command(JointTarget(reading.names, step.executed, world.time, period))
        arm.advance(period)
    outcome = world.outcome()
    diagnostics = arm.diagnostics()
    return {
        "scene": scene,
        "perturb": perturb,
        "seed": seed,
        "fruit": setup.placement.fruit,
        "success": outcome.success,
        "failure_category": outcome.failure_category,
        "steps": outcome.steps,
        "largest_joint_step": largest,
        "closing_frames": closing,
        "clamped": int(diagnostics["clamped"]),
        "arm_state": arm.state.value,
        "tracking_gap": float(diagnostics["largest tracking gap (rad)"]),
    }


def main() -> None:
    """Run the missing trials and write the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=100, help="placements per scene and kind")
    parser.add_argument("--output", type=Path, default=Path("runs/expert_success.jsonl"))
    parser.add_argument("--results", type=Path, default=Path("benchmarks/results.json"))
    args = parser.parse_args()
    args.output.parent.mkdir(parents=True, exist_ok=True)
    done = [json.loads(line) for line in args.output.read_text().splitlines()] if args.output.exists() else []
    known = {(row["scene"], row["perturb"], row["seed"]) for row in done}
    wanted = [
        (scene, perturb, k) for k in range(args.trials) for scene in SCENES for perturb in (False, True)
    ]
    world = PickFruitWorld(scene_camera=False)
    arm = SimulatedArm(world)
    with args.output.open("a") as file:
        for scene, perturb, seed in tqdm([job for job in wanted if job not in known], unit="trial"):
            done.append(run_trial(world, arm, scene, seed, perturb))
            file.write(json.dumps(done[-1]) + "\n")
            file.flush()
    rows = []
    for scene in SCENES:
        for perturb in (False, True):
            kind = "perturbed" if perturb else "clean"
            part = [row for row in done if (row["scene"], row["perturb"]) == (scene, perturb)]
            part = [row for row in part if row["seed"] < args.trials]
            won = sum(row["success"] for row in part)
            lost = dict(
                Counter(f"{row['fruit']} {row['failure_category']}" for row in part if not row["success"])
            )
            steps = [row["steps"] for row in part]
            print(
                f"{scene} {kind}: {won}/{len(part)}, "
                f"{min(steps)} to {max(steps)} steps, failures {lost or 'none'}"
            )
            share = 100.0 * won / len(part)
            peer = f"{REQUIRED_SHARE:.0f} % of {len(part)} random placements"
            rows.append(Row(f"expert_success_{scene}_{kind}", share, "%", peer, share / REQUIRED_SHARE))
    write_rows(args.results, rows)


if __name__ == "__main__":
    main()
