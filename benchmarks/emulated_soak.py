"""Soak of the emulated PickFruit graph: clusters of missed deadlines, holds and stops, growth of memory.

    python benchmarks/emulated_soak.py --minutes 60 --out studies/emulated_soak

Starts `mvp_real up pick_fruit robot:=emulated` on a DDS domain of its own, with trial after trial, and looks at
`/diagnostics` and at the memory of every process. A cluster is more than 2 missed control ticks within 5 s. Growth is
the median memory of the last tenth of the time over that of the tenth after the warm-up. Needs a quiet computer with
two cores or more: what else runs there is measured, too.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import SingleThreadedExecutor

from mvp_real.evaluation.provenance import machine_note
from mvp_real.systems.environment import system_environment

CLUSTER, WINDOW = 3, 5.0  # missed ticks, s
LOOK_EVERY = 5.0  # s between two looks at the memory
WARM_UP = 0.2  # share of the time
LARGEST_GROWTH = 5.0  # %
PAGE = os.sysconf("SC_PAGE_SIZE")


def descendants(root: int) -> dict[int, str]:
    """All processes below `root` by process id, named by their executable of this package."""
    found: dict[int, str] = {}
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            waiting += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        except (OSError, ValueError):
            continue
        names = [Path(word.decode(errors="replace")).name for word in words if word]
        ours = [name for name in names if not name.startswith(("python", "-"))]
        if pid != root and ours:
            found[pid] = ours[0]
    return found


def resident(pid: int) -> float:
    """Resident memory, MiB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE / 2**20


def clusters(misses: list[tuple[float, int]]) -> int:
    """Number of separate windows with too many missed ticks; `misses` are times and missed ticks since the last."""
    count, last = 0, -np.inf
    for k, (end, _) in enumerate(misses):
        inside = sum(number for at, number in misses[: k + 1] if end - at <= WINDOW)
        if inside >= CLUSTER and end - last > WINDOW:
            count, last = count + 1, end
    return count


class Watch:
    """What the nodes say on `/diagnostics`."""

    def __init__(self, start: float) -> None:
        self._start = start
        self._missed: int | None = None
        self.misses: list[tuple[float, int]] = []
        self.states: Counter[str] = Counter()
        self.newest: dict[str, dict[str, str]] = {}

    def take(self, message: DiagnosticArray) -> None:
        """One array of diagnostics."""
        for status in message.status:
            values = {value.key: value.value for value in status.values}
            node = status.name.rsplit("/", 1)[-1]
            self.newest[node] = values
            self.states[f"{node}: {status.message.split(':')[0]}"] += 1
            if node == "controller" and "deadline misses" in values:
                missed = int(values["deadline misses"])
                # A reset of the count between trials is no negative number of misses.
                if self._missed is not None and missed > self._missed:
                    self.misses.append((time.monotonic() - self._start, missed - self._missed))
                self._missed = missed


def soak(minutes: float, folder: Path) -> dict[str, object]:
    """Run for a time and return the figures."""
    domain = str(random.SystemRandom().randint(1, 100))
    environment = system_environment() | {"ROS_DOMAIN_ID": domain}
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    address = ".".join(["127", *(str(random.SystemRandom().randint(1, 254)) for _ in range(3))])
    trials = max(4, int(10 * minutes))  # more than can be done in the time
    command = [
        sys.executable, "-m", "mvp_real", "up", "pick_fruit", "robot:=emulated", f"loopback:={address}", "video:=false",
        f"placements:=random:{trials}", f"out:={folder / 'run'}",
    ]  # fmt: skip
    rclpy.init(domain_id=int(domain))
    node = rclpy.create_node("soak")
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    memory: dict[str, list[tuple[float, float]]] = defaultdict(list)
    with (folder / "up.log").open("wb") as log:
        system = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
        start = time.monotonic()
        watch = Watch(start)
        node.create_subscription(DiagnosticArray, "/diagnostics", watch.take, 50)
        looked = 0.0
        while system.poll() is None and time.monotonic() - start < 60.0 * minutes:
            executor.spin_once(timeout_sec=0.2)
            if time.monotonic() - looked > LOOK_EVERY:
                looked = time.monotonic()
                for pid, name in descendants(system.pid).items():
                    try:
                        memory[name].append((looked - start, resident(pid)))
                    except OSError:
                        continue
        lasted = time.monotonic() - start
        ended_by_itself = system.poll()
        if ended_by_itself is None:
            system.send_signal(signal.SIGINT)
            system.wait(60)
    executor.shutdown()
    rclpy.try_shutdown()
    arm = watch.newest.get("arm", {})
    return {
        "minutes": lasted / 60.0,
        "ended by itself": ended_by_itself,
        "machine": machine_note(),
        "load average": os.getloadavg()[0],
        "missed ticks": sum(number for _, number in watch.misses),
        "clusters of missed ticks": clusters(watch.misses),
        "arm": {key: arm.get(key, "") for key in ("commands", "accepted", "holds", "stops", "last stop")},
        "trials": trials(folder / "up.log"),
        "states seen": dict(watch.states.most_common(20)),
        "memory": {name: growth(samples, lasted) for name, samples in sorted(memory.items())},
    }


def trials(log: Path) -> dict[str, int]:
    """How many trials ended how, from the lines that the episodes' node prints."""
    ends: Counter[str] = Counter()
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("[episode]") and line.rstrip().endswith("picked"):
            ends["picked"] += 1
        elif line.startswith("[episode]") and "FAILED" in line:
            ends[line.partition("FAILED")[2].partition("(")[0].strip()] += 1
    return dict(ends.most_common())


def growth(samples: list[tuple[float, float]], lasted: float) -> dict[str, float]:
    """Memory at the beginning (after the warm-up) and at the end, MiB, and its growth in %."""
    tenth = 0.1 * lasted
    begin = [value for at, value in samples if WARM_UP * lasted <= at <= WARM_UP * lasted + tenth]
    end = [value for at, value in samples if at >= lasted - tenth]
    first = float(np.median(begin)) if begin else float("nan")
    last = float(np.median(end)) if end else float("nan")
    return {"begin": round(first, 1), "end": round(last, 1), "growth": round(100.0 * (last / first - 1.0), 2)}


def report(figures: dict[str, object]) -> str:
    """Markdown."""
    memory: dict[str, dict[str, float]] = figures["memory"]  # type: ignore[assignment]
    lines = [
        "# Soak of the emulated PickFruit graph",
        "",
        f"{figures['minutes']:.1f} minutes on {figures['machine']}, load average {figures['load average']:.1f}.",
        "",
        f"Missed control ticks: {figures['missed ticks']}, clusters (3 or more within 5 s): "
        f"{figures['clusters of missed ticks']}.",
        f"Arm: {json.dumps(figures['arm'])}.",
        f"Trials: {', '.join(f'{count} {end}' for end, count in figures['trials'].items())}.",  # type: ignore[attr-defined]
        "",
        "| process | MiB at the beginning | MiB at the end | growth % |",
        "| --- | --- | --- | --- |",
    ]
    lines += [f"| {name} | {row['begin']} | {row['end']} | {row['growth']} |" for name, row in memory.items()]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run and write results.json and report.md; 1 if a bound is broken."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--out", type=Path, help="folder; default: a new one")
    args = parser.parse_args()
    folder = args.out or Path(tempfile.mkdtemp(prefix="soak_"))
    folder.mkdir(parents=True, exist_ok=True)
    figures = soak(args.minutes, folder)
    (folder / "results.json").write_text(json.dumps(figures, indent=1) + "\n")
    (folder / "report.md").write_text(report(figures))
    print(report(figures))
    memory: dict[str, dict[str, float]] = figures["memory"]  # type: ignore[assignment]
    grown = [name for name, row in memory.items() if row["growth"] > LARGEST_GROWTH]
    return int(bool(grown or figures["clusters of missed ticks"] or figures["ended by itself"]))


if __name__ == "__main__":
    sys.exit(main())
