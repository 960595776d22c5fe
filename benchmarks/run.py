"""Runs every benchmark script one after another; each writes its rows into `benchmarks/results.json`.

Run: python benchmarks/run.py            all of them
     python benchmarks/run.py limiter    those whose name contains "limiter"
     python benchmarks/run.py --list     their names and first lines
"""

from __future__ import annotations

import argparse
import ast
import json
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
NOT_BENCHMARKS = {"run.py", "digit_teacher_tracking.py", "result_rows.py", "recorder_streams.py"}
FIELDS = {"name", "value", "unit", "peer", "ratio", "machine_note"}


def scripts(folder: Path, chosen: str = "") -> list[Path]:
    """Benchmark scripts of a folder whose name contains `chosen`."""
    return sorted(p for p in folder.glob("*.py") if p.name not in NOT_BENCHMARKS and chosen in p.stem)


def summary(script: Path) -> str:
    """First line of a script's docstring."""
    return (ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))) or "").partition("\n")[0]


def problems(path: Path) -> list[str]:
    """What is wrong with a results file: rows without a field, without a figure, or twice."""
    if not path.is_file():
        return []
    found = []
    seen: set[str] = set()
    for row in json.loads(path.read_text(encoding="utf-8")):
        name = str(row.get("name"))
        if missing := sorted(FIELDS - row.keys()):
            found.append(f"row '{name}' lacks {', '.join(missing)}")
        elif not isinstance(row["value"], (int, float)) or row["value"] != row["value"]:
            found.append(f"row '{name}' has no figure: {row['value']!r}")
        if name in seen:
            found.append(f"row '{name}' is there twice")
        seen.add(name)
    return found


def main(arguments: list[str] | None = None, folder: Path = HERE) -> int:
    """Run the scripts; 0 when all succeeded and the results file is well-formed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("chosen", nargs="?", default="", help="part of a script's name")
    parser.add_argument("--list", action="store_true", help="only list the scripts")
    args = parser.parse_args(arguments)
    chosen = scripts(folder, args.chosen)
    if not chosen:
        names = ", ".join(script.stem for script in scripts(folder))
        print(f"no benchmark is called '{args.chosen}'; there are: {names}", file=sys.stderr)
        return 2
    if args.list:
        for script in chosen:
            print(f"{script.stem:28s} {summary(script)}")
        return 0
    failed = []
    for number, script in enumerate(chosen, start=1):
        print(f"[{number}/{len(chosen)}] {script.stem}: {summary(script)}", flush=True)
        began = time.monotonic()
        # The working directory is the repository: scripts name their files from there.
        code = subprocess.run([sys.executable, str(script)], cwd=folder.parent).returncode
        print(
            f"    {'done' if code == 0 else f'FAILED with code {code}'} in {time.monotonic() - began:.0f} s"
        )
        if code != 0:
            failed.append(script.stem)
    wrong = problems(folder / "results.json")
    for line in wrong:
        print(f"results.json: {line}", file=sys.stderr)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
