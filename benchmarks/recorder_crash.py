"""Recordings that end at random points, by SIGKILL or a cut at any byte: how many are readable up to the last message.

Run: python benchmarks/recorder_crash.py --points 200 --output benchmarks/results.json
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.demos.crash_points import CrashPoint, cut, killed, recording

from result_rows import Row, write_rows


def main() -> int:
    """Crash, look, write the rows; 0 if every point passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=200)
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results.json"))
    args = parser.parse_args()
    points: list[CrashPoint] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        points += [killed(folder, seed) for seed in range(args.points // 2)]
        content, ends = recording(folder, 400)
        points += [cut(folder, seed, content, ends) for seed in range(args.points - args.points // 2)]
    failed = [point for point in points if not point.passed]
    for point in failed:
        print(f"FAILED: {point}")
    kinds = Counter(point.kind for point in points)
    print(f"{len(points)} points: {dict(kinds)}; messages before the crash: {sum(p.written for p in points)}")
    share = (len(points) - len(failed)) / len(points)
    write_rows(
        args.output,
        [Row("recorder_crash_points_readable", 100 * share, "%", f"all {len(points)} points", share)],
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
