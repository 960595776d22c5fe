"""Processor time of one command through the limiter, on a path that passes every check, against its budget.

Time of the thread, not of the wall: on a shared machine the wall clock would measure the other processes.

Run: python benchmarks/limiter_command.py --output benchmarks/results.json
"""

from __future__ import annotations

import argparse
import gc
import time
from pathlib import Path

import numpy as np

from mvp_real.messages import JointReading, JointTarget
from mvp_real.robots.safety import DriverState, Limiter, Limits
from mvp_real.robots.table import load_robot
from result_rows import Row, write_rows

BUDGET = 50.0  # us


def measure(commands: int) -> np.ndarray:
    """Processor seconds of each command; all are accepted, so each one passes every check."""
    table = load_robot("xarm7")
    limiter = Limiter(Limits.from_table(table))
    now, position = 0.0, table.home.copy()
    limiter.enable(JointReading(table.joint_names, position, None, now), now)
    times = np.empty(commands)
    gc.disable()
    for k in range(commands):
        now += 0.2
        wanted = table.home.copy()
        wanted[:7] += 0.05 * np.sin(0.3 * k + np.arange(7))
        target = JointTarget(table.joint_names, wanted, now - 0.05, 0.2)
        reading = JointReading(table.joint_names, position, None, now)
        start = time.thread_time()
        verdict = limiter.command(target, reading, now)
        times[k] = time.thread_time() - start
        if verdict.position is None or verdict.state is not DriverState.RUNNING:
            raise RuntimeError(f"command {k} was refused: {verdict.reason}")
        position = verdict.position
    gc.enable()
    return times


def main() -> None:
    """Measure and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commands", type=int, default=20_000)
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results.json"))
    args = parser.parse_args()
    measure(1000)
    times = 1e6 * measure(args.commands)
    median, p99 = float(np.median(times)), float(np.percentile(times, 99))
    write_rows(
        args.output,
        [
            Row("limiter_command_median", median, "us", "the budget of 50 us", median / BUDGET),
            Row("limiter_command_p99", p99, "us", "the budget of 50 us", p99 / BUDGET),
        ],
    )


if __name__ == "__main__":
    main()
