"""Control steps per second of the batched MuJoCo backend against a Python loop over single simulations.

Run: python benchmarks/simulator_throughput.py --results benchmarks/results.json
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import mujoco
import numpy as np

from mvp_real.sim.mujoco_backend import MujocoBackend
from mvp_real.sim.scene import tabletop_spec
from mvp_real.tasks.pick_fruit import load_task
from result_rows import Row, write_rows

DECIMATION = 100  # physics steps of 2 ms in a control step of 0.2 s


def batched(count: int, steps: int) -> tuple[float, MujocoBackend]:
    """Control steps per second of `count` simulations together, and the backend afterwards."""
    backend = MujocoBackend(tabletop_spec(fruits=["plum"], distractors=[]), count, DECIMATION)
    joints = np.append(load_task().start_joints, [0.0425, 0.0425])
    backend.reset(joint_pos=np.tile(joints, (count, 1)))
    backend.set_joint_targets(np.tile(np.append(joints[:7] + 0.1, 0.085), (count, 1)))
    backend.step()
    began = time.perf_counter()
    backend.step(steps)
    return count * steps / (time.perf_counter() - began), backend


def looped(backend: MujocoBackend, count: int, steps: int) -> float:
    """The same work as plain `mj_step` calls from Python."""
    simulations = [mujoco.MjData(backend.model) for _ in range(count)]
    for data in simulations:
        data.qpos[:7] = load_task().start_joints
        data.ctrl[:7] = data.qpos[:7] + 0.1
        mujoco.mj_step(backend.model, data, DECIMATION)
    began = time.perf_counter()
    for data in simulations:
        for _ in range(steps * DECIMATION):
            mujoco.mj_step(backend.model, data)
    return count * steps / (time.perf_counter() - began)


def main() -> None:
    """Measure, print and write the row."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=16, help="simulations")
    parser.add_argument("--steps", type=int, default=10, help="control steps of each")
    parser.add_argument("--results", type=Path, default=Path("benchmarks/results.json"))
    args = parser.parse_args()
    speed, backend = batched(args.count, args.steps)
    loop = looped(backend, args.count, args.steps)
    peer = "Python loop over mj_step"
    write_rows(args.results, [Row("simulator_control_steps_batched", speed, "1/s", peer, speed / loop)])


if __name__ == "__main__":
    main()
