"""Replay demonstrations on a robot as joint deltas, through its limiter, and report how well the path is reproduced.

mvp_real demos replay runs/demos/plain/*.mcap                     in the simulator
mvp_real demos replay runs/demos/reach/reach_000.mcap --robot ros  on whatever runs as /xarm7/arm
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from mvp_real.cli.demos_simulator import SimulatorReplay
from mvp_real.demos.reader import read_demonstration
from mvp_real.demos.replay import PATH_TOLERANCE
from mvp_real.errors import unknown_name

ROBOTS = ("sim", "ros")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("paths", nargs="+", type=Path, help="recordings (.mcap)")
    parser.add_argument("--robot", default="sim", help="sim, or ros for a robot that is running")
    parser.add_argument("--namespace", default="xarm7", help="with --robot ros: its namespace")
    parser.add_argument("--driver", default="arm", help="with --robot ros: name of its driver's node")
    parser.add_argument("--sim-time", action="store_true", help="with --robot ros: its clock is simulated")


def run(args: argparse.Namespace) -> int:
    """Replay each recording; 0 if every joint path was reproduced within 0.01 rad RMS, else 1."""
    if args.robot not in ROBOTS:
        raise unknown_name("robot", args.robot, ROBOTS)
    if args.robot == "ros":
        return _on_running_robot(args)
    from tqdm import tqdm

    failures = 0
    with SimulatorReplay() as simulator:
        for path in args.paths:
            demonstration = read_demonstration(path)
            with tqdm(total=len(demonstration), unit="step", desc=demonstration.id, leave=False) as bar:
                report, lifted = simulator.run(
                    demonstration, lambda done, _, bar=bar: bar.update(done - bar.n)
                )
            joints = " ".join(f"{value:.4f}" for value in report.rms_per_joint)
            verdict = "ok" if report.within_tolerance else f"ABOVE {PATH_TOLERANCE} rad"
            fruit = "lifted" if lifted else "not lifted"
            print(f"{demonstration.id}: RMS {report.rms:.5f} rad ({verdict}); joints {joints}; fruit {fruit}")
            for refusal in report.refused:
                print(f"  {refusal}")
            failures += not report.within_tolerance
    return 1 if failures else 0


def _on_running_robot(args: argparse.Namespace) -> int:
    """Start the node that plays; ROS stays out of this process."""
    from mvp_real.systems.environment import system_environment
    from mvp_real.systems.executables import require_packages
    from mvp_real.systems.process import executable_path
    from mvp_real.systems.supervisor import Command, Supervisor

    require_packages("demo_replay")
    for path in args.paths:
        read_demonstration(path)  # refuses before anything moves
    parameters = {
        "paths": [str(path.resolve()) for path in args.paths],
        "driver": args.driver,
        "use_sim_time": args.sim_time,
    }
    argv = [str(executable_path("demo_replay")), "--ros-args", "-r", f"__ns:=/{args.namespace.strip('/')}"]
    for name, value in parameters.items():
        argv += ["-p", f"{name}:={json.dumps(value)}"]
    return Supervisor([Command("demo_replay", argv, ends_system=True)], system_environment()).run()
