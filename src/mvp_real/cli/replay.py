"""`mvp_real replay`: feed a recorded demonstration to the simulated arm as deltas and report the joint error."""

from __future__ import annotations

import argparse
from pathlib import Path

from mvp_real.demos.reader import read_demonstration
from mvp_real.demos.replay import PATH_TOLERANCE, replay
from mvp_real.errors import MvpRealError, require


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("paths", nargs="+", type=Path, help="recordings (.mcap)")
    parser.add_argument("--robot", default="sim", help="sim (a real arm needs its driver)")


def run(args: argparse.Namespace) -> int:
    """Replay each recording; 0 if every joint path was reproduced within 0.01 rad RMS, else 1."""
    if args.robot != "sim":
        raise MvpRealError(f"no driver for robot '{args.robot}' in this version; use --robot sim")
    require("mujoco", "sim")
    from tqdm import tqdm

    from mvp_real.sim.simulated_arm import SimulatedArm
    from mvp_real.tasks.pick_fruit import EpisodeSetup
    from mvp_real.tasks.pick_fruit_world import PickFruitWorld

    world = PickFruitWorld(scene_camera=False)
    failures = 0
    try:
        for path in args.paths:
            demonstration = read_demonstration(path)
            if "setup" not in demonstration.metadata:
                raise MvpRealError(
                    f"'{path}' does not say how its scene was set up; only simulated recordings do"
                )
            world.reset(EpisodeSetup.from_dict(demonstration.metadata["setup"]))
            arm = SimulatedArm(world)
            arm.enable()
            with tqdm(total=len(demonstration), unit="step", desc=demonstration.id, leave=False) as bar:
                report = replay(
                    demonstration, arm, arm.advance, progress=lambda done, _: bar.update(done - bar.n)
                )
            joints = " ".join(f"{value:.4f}" for value in report.rms_per_joint)
            verdict = "ok" if report.within_tolerance else f"ABOVE {PATH_TOLERANCE} rad"
            lifted = "lifted" if world.fruit_position()[2] > world.task.success_height else "not lifted"
            print(
                f"{demonstration.id}: RMS {report.rms:.5f} rad ({verdict}); joints {joints}; fruit {lifted}"
            )
            for refusal in report.refused:
                print(f"  {refusal}")
            failures += not report.within_tolerance
    finally:
        world.close()
    return 1 if failures else 0
