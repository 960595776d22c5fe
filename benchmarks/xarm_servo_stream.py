"""How regular the xArm7's servo stream is, and that no point in it asks for more than the limits allow.

The driver streams to the emulated controller box, which runs in a process of its own, through the vendor's client,
while a made-up policy sends a target every control period. The box would end the run itself with error 60 if the
tool were told to move too fast. On a shared machine both processes need priority:

Run: chrt -r 10 python benchmarks/xarm_servo_stream.py --seconds 60 --output benchmarks/results.json
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from mvp_real.messages import FloatArray, JointTarget
from mvp_real.robots.real_time import take_priority
from mvp_real.robots.table import load_robot
from mvp_real.robots.verdict import DriverState
from mvp_real.robots.xarm7 import XArm7Driver
from result_rows import Row, write_rows

PORT = 15502
BOX_TOOL_SPEED = 1.0  # m/s at which the box stops
TABLE = load_robot("xarm7")
JOINT_SPEED = float(TABLE.velocity_limit[0])


def stream(address: str, rate: float, seconds: float, priority: int) -> tuple[FloatArray, FloatArray]:
    """Times (n,) and points (n, 7) of the stream while a policy moves the arm about."""
    times: list[float] = []
    points: list[FloatArray] = []

    def note(now: float, point: FloatArray) -> None:
        times.append(now)
        points.append(point)

    def prepare() -> None:
        problem = take_priority(priority)
        if problem:
            print(problem, file=sys.stderr)

    driver = XArm7Driver(address, rate=rate, port=PORT, on_point=note, prepare_thread=prepare)
    driver.open()
    try:
        verdict = driver.enable()
        if verdict.state is not DriverState.RUNNING:
            raise RuntimeError(f"the arm was not enabled: {verdict.reason}")
        period, step = driver.limits.period, driver.limits.max_step
        started = time.monotonic()
        while (now := time.monotonic()) - started < seconds:
            # Full steps now and then, smooth ones else: a learned policy does both.
            wish = TABLE.home.copy()
            wish[:7] += np.array([0.35, 0.2, 0.3, 0.2, 0.3, 0.3, 0.8]) * np.sin(
                0.9 * (now - started) + np.arange(7)
            )
            position = driver.read().position.copy()
            position[:7] += np.clip(wish[:7] - position[:7], -step, step)
            verdict = driver.command(JointTarget(TABLE.joint_names, position, now, period))
            if driver.state is DriverState.STOPPED:
                raise RuntimeError(f"stopped after {now - started:.1f} s: {driver.reason}")
            time.sleep(max(0.0, period - (time.monotonic() - now)))
    finally:
        driver.close()
    return np.array(times), np.array(points)


def rows(rate: float, times: FloatArray, points: FloatArray) -> list[Row]:
    """Figures of one stream."""
    period = 1.0 / rate
    gaps = np.diff(times)
    # What a point may ask for is judged over at most two periods, however late it came.
    allowed = np.minimum(gaps, 2.0 * period)[:, None]
    share = np.abs(np.diff(points, axis=0)) / (TABLE.velocity_limit * allowed)
    tool = np.array([TABLE.tool_pose(point)[:3, 3] for point in points])
    speed = np.linalg.norm(np.diff(tool, axis=0), axis=1) / allowed[:, 0]
    name, wish = f"xarm_servo_stream_{rate:.0f}_hz", f"the period asked for, {1e3 * period:g} ms"
    median, p99 = (1e3 * float(np.percentile(gaps, q)) for q in (50, 99))
    joints, fastest = float(np.max(share)), float(np.max(speed))
    above = int(np.sum(np.any(share > 1.001, axis=1) | (speed > BOX_TOOL_SPEED)))
    sent = len(times) * period / float(times[-1] - times[0])
    return [
        Row(f"{name}_period_median", median, "ms", wish, median / (1e3 * period)),
        Row(f"{name}_period_p99", p99, "ms", wish, p99 / (1e3 * period)),
        Row(f"{name}_points", float(len(times)), "points", "duration times rate", sent),
        Row(f"{name}_above_limits", float(above), "points", "all points", above / len(times)),
        Row(f"{name}_largest_joint_speed", joints * JOINT_SPEED, "rad/s", "the joints' limit", joints),
        Row(f"{name}_largest_tool_speed", fastest, "m/s", "1 m/s, where the box stops", fastest),
    ]


def main() -> None:
    """Measure and write the rows."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rates", type=float, nargs="+", default=[100.0, 250.0])
    parser.add_argument("--priority", type=int, default=20, help="SCHED_FIFO of the servo thread; 0 is none")
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results.json"))
    args = parser.parse_args()
    address = f"127.{random.randint(1, 254)}.{random.randint(1, 254)}.2"
    options = ["--host", address, "--port", str(PORT), "--scene", "empty"]
    emulator = subprocess.Popen(
        [sys.executable, "-m", "mvp_real.emulators.xarm7.command", *options],
        stdout=subprocess.PIPE,
        text=True,
        env={"MUJOCO_GL": "egl", **os.environ},
    )
    try:
        assert emulator.stdout is not None
        json.loads(emulator.stdout.readline())
        for rate in args.rates:
            write_rows(args.output, rows(rate, *stream(address, rate, args.seconds, args.priority)))
    finally:
        emulator.terminate()
        emulator.wait()


if __name__ == "__main__":
    main()
