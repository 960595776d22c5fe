"""Recorder with two 640x480 cameras at 30 Hz and joints at 100 Hz: frames lost and processor share of one core.

Its peer writes the same streams as video (PyAV, x264) and parquet (pyarrow) in the callbacks, the straightforward way;
a second one does so with x264's fastest preset. They run one after another, each on streams of its own.

Run: python benchmarks/recorder.py --seconds 30 --output benchmarks/results.json
     python benchmarks/recorder.py --minutes 10
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mvp_real.demos.cdr import header_stamp
from mvp_real.demos.mcap_stream import raw_records
from mvp_real.demos.topics import relative_name
from mvp_real.systems.environment import system_environment
from mvp_real.systems.process import executable_path
from recorder_streams import CAMERAS
from result_rows import Row, write_rows

STREAMS = Path(__file__).with_name("recorder_streams.py")
BUDGET = 35.0  # % of one core
SETTLE = 3.0  # s: discovery, and the first frames of an encoder


@dataclass(frozen=True)
class Result:
    """What one recorder made of the streams.

    Attributes:
        sent, lost: Frames of both cameras between the first and the last that was recorded, and those missing.
        joints_lost: The same of the joint states.
        share: Processor time of the recorder's process, % of one core.
        megabytes: Size on disk.
    """

    sent: int
    lost: int
    joints_lost: int
    share: float
    megabytes: float


def measure(kind: str, seconds: float, folder: Path) -> Result:
    """Run one recorder on streams of its own.

    Args:
        kind: "mcap" for ours, "video" or "video_fast" for the peers.
        seconds: Length of the recording.
        folder: Empty; for everything that is written.
    """
    environment = system_environment() | {"ROS_DOMAIN_ID": str(random.SystemRandom().randint(1, 100))}
    environment["MVP_REAL_SUPERVISED"] = ""
    report, out = folder / "sent.json", folder / "out"
    if kind == "mcap":
        recorder = _start([*_recorder(out)], environment, " ready")
    else:
        preset = ["--preset", "ultrafast"] if kind == "video_fast" else []
        recorder = _start([sys.executable, str(STREAMS), "video", str(out), *preset], environment, "ready")
    publish = [sys.executable, str(STREAMS), "publish", str(report), "--seconds", str(seconds + 3 * SETTLE)]
    streams = _start(publish, environment, "ready")
    time.sleep(SETTLE)
    if kind == "mcap":
        _call("start", environment)
    before, began = _processor_time(recorder.pid), time.monotonic()
    time.sleep(seconds)
    share = 100 * (_processor_time(recorder.pid) - before) / (time.monotonic() - began)
    if kind == "mcap":
        _call("success", environment)
    recorder.send_signal(signal.SIGINT)
    recorder.wait(60)
    streams.wait(60)
    sent = json.loads(report.read_text())
    recorded = _recorded_mcap(out) if kind == "mcap" else _recorded_video(out)
    counts = {topic: _lost(sent[topic], recorded.get(topic, set())) for topic in sent}
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file()) / 1e6
    return Result(
        sum(counts[topic][0] for topic in CAMERAS),
        sum(counts[topic][1] for topic in CAMERAS),
        counts["joint_states"][1],
        share,
        size,
    )


def _recorder(out: Path) -> list[str]:
    topics = [*CAMERAS, "joint_states"]
    parameters = {
        "folder": str(out),
        "task": "benchmark",
        "topics": topics,
        "required": topics,
        "lost_after": 30.0,
    }
    argv = [str(executable_path("recorder")), "--ros-args", "-r", "__ns:=/xarm7"]
    for name, value in parameters.items():
        argv += ["-p", f"{name}:={json.dumps(value)}"]
    return argv


def _start(argv: list[str], environment: Mapping[str, str], sign: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        argv, env=dict(environment), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if sign in line:
            return process
    raise RuntimeError(f"{argv[0]} ended with code {process.wait()}")


def _call(service: str, environment: Mapping[str, str]) -> None:
    """Call a service of the recorder from a process of its own: this one has no ROS environment."""
    code = (
        "import rclpy, sys, time\nfrom std_srvs.srv import Trigger\nrclpy.init()\nnode = rclpy.create_node('caller')\n"
        f"client = node.create_client(Trigger, '/xarm7/recorder/{service}')\n"
        "for _ in range(40):\n"
        "    client.wait_for_service(10.0)\n"
        "    future = client.call_async(Trigger.Request())\n"
        "    rclpy.spin_until_future_complete(node, future, timeout_sec=20.0)\n"
        "    answer = future.result()\n"
        "    if answer is not None and answer.success: sys.exit(0)\n"
        "    time.sleep(0.5)\n"
        "sys.exit(str(answer))\n"
    )
    subprocess.run([sys.executable, "-c", code], env=dict(environment), check=True)


def _processor_time(pid: int) -> float:
    """User and system time of a process and its threads, s."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _recorded_mcap(out: Path) -> dict[str, set[int]]:
    (path,) = out.glob("*.mcap")
    channels: dict[int, str] = {}
    found: dict[str, set[int]] = {}
    for record in raw_records(path):
        if type(record).__name__ == "Channel":
            channels[record.id] = relative_name(record.topic).removesuffix("/compressed")
        elif type(record).__name__ == "Message":
            found.setdefault(channels[record.channel_id], set()).add(header_stamp(record.data))
    return found


def _recorded_video(out: Path) -> dict[str, set[int]]:
    import pyarrow.parquet

    names = {topic.replace("/", "_"): topic for topic in (*CAMERAS, "joint_states")}
    return {
        topic: set(pyarrow.parquet.read_table(out / f"{name}_stamps.parquet")["stamp"].to_pylist())
        for name, topic in names.items()
    }


def _lost(sent: list[int], recorded: set[int]) -> tuple[int, int]:
    if not recorded:
        return len(sent), len(sent)
    between = [stamp for stamp in sent if min(recorded) <= stamp <= max(recorded)]
    return len(between), sum(stamp not in recorded for stamp in between)


def main() -> None:
    """Measure and write the rows."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=30.0, help="length of each recording")
    parser.add_argument("--minutes", type=float, help="the same in minutes")
    parser.add_argument("--only", choices=("mcap", "video", "video_fast"), help="one recorder, no rows")
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results.json"))
    args = parser.parse_args()
    seconds = 60 * args.minutes if args.minutes else args.seconds
    results = {}
    for kind in (args.only,) if args.only else ("mcap", "video", "video_fast"):
        folder = Path(tempfile.mkdtemp(prefix="recorder_"))
        try:
            results[kind] = measure(kind, seconds, folder)
        finally:
            shutil.rmtree(folder)
        print(f"{kind}: {results[kind]}", flush=True)
    if args.only:
        return
    ours, plain, fast = results["mcap"], results["video"], results["video_fast"]
    peer = "video and parquet recorder (PyAV, pyarrow)"
    write_rows(
        args.output,
        [
            Row(
                "recorder_frames_lost", ours.lost, "frames", f"of {ours.sent}", ours.lost / max(ours.sent, 1)
            ),
            Row("recorder_joints_lost", ours.joints_lost, "", "none", float(ours.joints_lost)),
            Row(
                "recorder_processor_share",
                ours.share,
                "%",
                f"the budget of {BUDGET:g} %",
                ours.share / BUDGET,
            ),
            Row("recorder_processor_share_beside_video", ours.share, "%", peer, ours.share / plain.share),
            Row(
                "recorder_processor_share_beside_fast_video",
                ours.share,
                "%",
                f"{peer}, x264's fastest preset",
                ours.share / fast.share,
            ),
            Row("recorder_size", ours.megabytes, "MB", peer, ours.megabytes / plain.megabytes),
            Row(
                "video_recorder_frames_lost",
                plain.lost,
                "frames",
                f"of {plain.sent}",
                plain.lost / max(plain.sent, 1),
            ),
            Row(
                "fast_video_recorder_frames_lost",
                fast.lost,
                "frames",
                f"of {fast.sent}",
                fast.lost / max(fast.sent, 1),
            ),
        ],
    )


if __name__ == "__main__":
    main()
