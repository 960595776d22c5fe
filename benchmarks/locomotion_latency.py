"""Policy step, punctuality of 50 Hz ticks, and the running system, for a walking policy on one thread.

    python benchmarks/locomotion_latency.py --bundle digit_walk --steps 5000 --seconds 60

Three parts, each with the node's own code. `step`: the whole tick (checks, window, network, limits) in this process,
alone and beside a process that keeps a core busy. `timer`: the node's grid timer on the system clock calls such a tick;
lateness against the grid and missed ticks. `system`: `mvp_real up digit_walk` in real time with the hoist on, its
`/diagnostics` read.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import SingleThreadedExecutor

from mvp_real.control.locomotion.loop import LocomotionLoop
from mvp_real.control.schedule import TickSchedule
from mvp_real.inference.locomotion import LocomotionSession
from mvp_real.messages import BaseReading, ImuReading, JointReading
from mvp_real.nodes.grid_timer import GridTimer
from mvp_real.resources import model_directory
from mvp_real.robots.digit import load_digit
from mvp_real.robots.real_time import freeze_garbage, take_priority
from mvp_real.systems.environment import system_environment
from result_rows import Row, write_rows

PERIOD = 0.02
STEP_BOUNDS = {"p50": 0.6, "p99": 2.0, "p999": 5.0}  # ms
LATENESS_BOUND, ON_TIME = 1.0, 0.002  # ms, s
FIGURES = (
    ("locomotion_system_policy_p99", "policy, wall p99 (ms)", "ms", "limit", 3.0),
    ("locomotion_system_interval_p99", "tick interval, wall p99 (ms)", "ms", "control period", 20.0),
    ("locomotion_system_age_p99", "measurement to command, ROS time p99 (ms)", "ms", "limit", 10.0),
    ("locomotion_system_misses", "deadline misses", "ticks", "ticks on the grid", 0.0),
    ("locomotion_system_missed_ticks", "ticks missed", "ticks", "ticks on the grid", 0.0),
)


class StandingRobot:
    """Measurements of a robot that stands, a little different at each tick, and the loop that walks it."""

    def __init__(self, bundle: Path) -> None:
        table = load_digit()
        session = LocomotionSession(bundle)
        session.warm_up()
        self.loop = LocomotionLoop(session.card, table, session)
        self._names = (*table.motors, *table.joints)
        self._standing = np.concatenate([table.default_pose, table.joint_default])
        self._noise = np.random.default_rng(0)

    def tick(self, now: float) -> bool:
        """Fresh measurements and one tick; whether the policy was asked."""
        noise = self._noise.normal(0.0, 1e-3, len(self._names))
        measured = self.loop.measured
        measured.joints(JointReading(self._names, self._standing + noise, noise, now))
        measured.imu(ImuReading(np.array([1.0, 0.0, 0.0, 0.0]), noise[:3], now))
        measured.base(BaseReading(np.array([0.0, 0.0, 1.0]), noise[:3], now))
        if not self.loop.engaged:
            self.loop.clear_fault()
            self.loop.engage(now)
        return self.loop.tick(now).record is not None


@contextlib.contextmanager
def busy_process(wanted: bool) -> Iterator[None]:
    """A process that keeps a core busy meanwhile."""
    process = multiprocessing.get_context("spawn").Process(target=_burn, daemon=True) if wanted else None
    if process is not None:
        process.start()
    yield
    if process is not None:
        process.kill()
        process.join()


def _burn() -> None:
    random_numbers = np.random.default_rng(0)
    while True:
        np.linalg.norm(random_numbers.random((200, 200)) @ random_numbers.random((200, 200)))


def measure_steps(bundle: Path, steps: int, busy: bool) -> list[Row]:
    """Percentiles of `steps` whole ticks."""
    robot = StandingRobot(bundle)
    times = []
    with busy_process(busy):
        for k in range(steps + 200):
            started = time.perf_counter()
            asked = robot.tick(10.0 + k * PERIOD)
            if k >= 200 and asked:
                times.append(1000.0 * (time.perf_counter() - started))
    name = "locomotion_step_busy" if busy else "locomotion_step"
    values = dict(zip(STEP_BOUNDS, np.percentile(times, (50.0, 99.0, 99.9)), strict=True))
    return [
        Row(f"{name}_{key}", float(value), "ms", "goal", float(value) / STEP_BOUNDS[key])
        for key, value in values.items()
    ]


def measure_timer(bundle: Path, seconds: float, busy: bool) -> list[Row]:
    """Lateness of the node's timer on the system clock, with a tick in each call."""
    robot = StandingRobot(bundle)
    node = rclpy.create_node("locomotion_timer")
    schedule = TickSchedule(PERIOD, on_time=ON_TIME)
    freeze_garbage()
    problem = take_priority(50)
    if problem:
        print(problem, file=sys.stderr)
    timer = GridTimer(node, schedule, robot.tick)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    end = time.monotonic() + seconds
    with busy_process(busy):
        while time.monotonic() < end:
            executor.spin_once(timeout_sec=0.5)
    timer.close()
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    node.destroy_node()
    found = schedule.statistics()
    name = "locomotion_timer_busy" if busy else "locomotion_timer"
    late, share = 1000.0 * found.p99, 100.0 * found.on_time
    return [
        Row(f"{name}_lateness_p99", late, "ms", "goal", late / LATENESS_BOUND),
        Row(f"{name}_largest", 1000.0 * found.largest, "ms", "control period", found.largest / PERIOD),
        Row(f"{name}_within_2_ms", share, "%", "goal", share / 99.9),
        Row(f"{name}_misses", float(found.dropped), "ticks", "ticks", found.dropped / max(found.ticks, 1)),
        Row(f"{name}_ticks", float(found.ticks), "ticks", "ticks", 1.0),
    ]


def measure_system(bundle: str, seconds: float) -> list[Row]:
    """The figures of `FIGURES` from a run of the whole system in real time."""
    domain = random.SystemRandom().randint(1, 100)
    environment = system_environment() | {"ROS_DOMAIN_ID": str(domain)}
    os.environ.update({k: v for k, v in environment.items() if k.startswith(("ROS_", "FASTDDS_"))})
    newest: dict[str, str] = {}
    factors: list[float] = []

    def on_diagnostics(message: DiagnosticArray) -> None:
        for status in message.status:
            values = {item.key: item.value for item in status.values}
            if status.name.endswith("/locomotion") and values.get("state") == "walking":
                newest.update(values)
            elif status.name.endswith("/digit_bridge") and float(values["real time factor"]) > 0.0:
                factors.append(float(values["real time factor"]))

    context = rclpy.Context()
    rclpy.init(context=context, domain_id=domain)
    node = rclpy.create_node("locomotion_latency", context=context)
    node.create_subscription(DiagnosticArray, "/diagnostics", on_diagnostics, 10)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    with tempfile.TemporaryDirectory() as folder:
        tour = Path(folder) / "long.yaml"
        tour.write_text(f"- {{seconds: {seconds}}}\n", encoding="utf-8")
        command = [
            sys.executable, "-m", "mvp_real", "up", "digit_walk", f"bundle:={bundle}", f"tour:={tour}", "hoist:=hold",
            "speed:=1", "video:=false", f"out:={folder}",
        ]  # fmt: skip
        system = subprocess.Popen(command, env=environment)
        try:
            while system.poll() is None:
                executor.spin_once(timeout_sec=0.2)
        finally:
            if system.poll() is None:
                system.terminate()
                system.wait()
    rclpy.try_shutdown(context=context)
    if system.returncode != 0 or not newest:
        raise SystemExit(f"the system ended with code {system.returncode} before the policy walked")
    ticks = float(newest["ticks on the grid"])
    rows = [Row("locomotion_system_ticks", ticks, "ticks", "ticks", 1.0)]
    for name, key, unit, peer, bound in FIGURES:
        value = float(newest[key])
        rows.append(Row(name, value, unit, peer, value / (bound or max(ticks, 1.0))))
    factor = float(np.median(factors))
    rows.append(Row("locomotion_system_real_time_factor", factor, "x", "wall clock", factor))
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bundle", default="digit_walk", help="locomotion bundle by name or folder")
    parser.add_argument("--steps", type=int, default=5000, help="ticks of the part 'step'")
    parser.add_argument("--seconds", type=float, default=60.0, help="length of the other parts")
    parser.add_argument("--parts", default="step,timer,system", help="comma list of step, timer, system")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results.json")
    arguments = parser.parse_args()
    bundle, parts = model_directory(arguments.bundle), arguments.parts.split(",")
    rows: list[Row] = []
    if "step" in parts:
        rows += measure_steps(bundle, arguments.steps, busy=False)
        rows += measure_steps(bundle, arguments.steps, busy=True)
    if "timer" in parts:
        rclpy.init()
        rows += measure_timer(bundle, arguments.seconds, busy=False)
        rows += measure_timer(bundle, arguments.seconds, busy=True)
        rclpy.try_shutdown()
    if "system" in parts:
        rows += measure_system(str(bundle), arguments.seconds)
    write_rows(arguments.out, rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
