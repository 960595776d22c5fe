"""Latency of every stage and punctuality of the control ticks, with the demo running as a user starts it.

    python benchmarks/loop_latency.py --bundle pick_fruit --trials 4

Starts `mvp_real up pick_fruit` in real time on a DDS domain of its own and reads `/diagnostics`. Wall times
come from one machine's monotonic clock; times in ROS time from the stamps that the messages carry. Simulated
time follows the wall clock as long as the computer keeps up; `loop_real_time_factor` tells whether it did.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import SingleThreadedExecutor

from mvp_real.systems.environment import system_environment
from result_rows import Row, write_rows

# Name of the row, node, key in its diagnostics, unit, what it is held against, and that bound.
FIGURES = (
    ("loop_render_p95", "sim_bridge", "render, wall p95 (ms)", "ms", "control period", 200.0),
    ("loop_encode_p95", "encoder", "encode, wall p95 (ms)", "ms", "encoder's limit", 90.0),
    (
        "loop_capture_to_feature_p95",
        "encoder",
        "capture to feature, ROS time p95 (ms)",
        "ms",
        "image age",
        100.0,
    ),
    ("loop_policy_p95", "controller", "policy, wall p95 (ms)", "ms", "controller's limit", 10.0),
    ("loop_capture_to_command_p50", "sim_bridge", "capture to command, wall p50 (ms)", "ms", "limit", 150.0),
    ("loop_capture_to_command_p95", "sim_bridge", "capture to command, wall p95 (ms)", "ms", "limit", 150.0),
    ("loop_capture_to_command_p99", "sim_bridge", "capture to command, wall p99 (ms)", "ms", "limit", 150.0),
    ("loop_capture_to_command_max", "sim_bridge", "capture to command, wall max (ms)", "ms", "limit", 150.0),
    ("loop_ticks_within_10_ms", "controller", "ticks within 10 ms, ROS time (%)", "%", "bound", 99.0),
    ("loop_tick_lateness_p99", "controller", "tick lateness p99, ROS time (ms)", "ms", "bound", 10.0),
    ("loop_tick_interval_p50", "controller", "tick interval, wall p50 (ms)", "ms", "control period", 200.0),
    ("loop_tick_interval_p99", "controller", "tick interval, wall p99 (ms)", "ms", "control period", 200.0),
    ("loop_deadline_misses", "controller", "deadline misses", "ticks", "ticks on the grid", 0.0),
)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bundle", default="pick_fruit")
    parser.add_argument("--trials", type=int, default=4, help="random placements to run")
    parser.add_argument("--scene", default="plain")
    parser.add_argument("--video", action="store_true", help="draw the video meanwhile, as the demo does")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results.json")
    arguments = parser.parse_args()

    domain = random.SystemRandom().randint(1, 100)
    environment = system_environment() | {"ROS_DOMAIN_ID": str(domain)}
    os.environ.update({k: v for k, v in environment.items() if k.startswith(("ROS_", "FASTDDS_"))})
    newest: dict[str, dict[str, str]] = {}
    factors: list[float] = []

    def on_diagnostics(message: DiagnosticArray) -> None:
        for status in message.status:
            values = {item.key: item.value for item in status.values}
            newest[status.name.rsplit("/", 1)[-1]] = values
            factor = float(values.get("real time factor", 0.0))
            if factor > 0.0 and values.get("state") == "running":
                factors.append(factor)

    rclpy.init(domain_id=domain)
    node = rclpy.create_node("loop_latency")
    node.create_subscription(DiagnosticArray, "/diagnostics", on_diagnostics, 10)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable, "-m", "mvp_real", "up", "pick_fruit", f"bundle:={arguments.bundle}",
            f"placements:=random:{arguments.trials}", f"scene:={arguments.scene}", "speed:=1",
            f"video:={'true' if arguments.video else 'false'}", f"out:={folder}",
        ]  # fmt: skip
        system = subprocess.Popen(command, env=environment)
        try:
            while system.poll() is None:
                executor.spin_once(timeout_sec=0.2)
        finally:
            if system.poll() is None:
                system.terminate()
                system.wait()
    rclpy.try_shutdown()
    if system.returncode != 0 or "controller" not in newest:
        print(f"the system ended with code {system.returncode}", file=sys.stderr)
        return 1

    rows = []
    ticks = float(newest["controller"]["ticks on the grid"])
    for name, source, key, unit, peer, bound in FIGURES:
        if key not in newest.get(source, {}):
            continue  # the oracle has no encoder to time
        value = float(newest[source][key])
        rows.append(Row(name, value, unit, peer, value / (bound or max(ticks, 1.0))))
    if factors:
        factor = sorted(factors)[len(factors) // 2]
        rows.append(Row("loop_real_time_factor", factor, "x", "wall clock", factor))
    rows.append(Row("loop_ticks", ticks, "ticks", "ticks", 1.0))
    write_rows(arguments.out, rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
