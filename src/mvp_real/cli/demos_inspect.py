"""What is in recorded demonstrations, and how their streams fit together.

mvp_real demos inspect runs/demos/reach
mvp_real demos inspect runs/demos/reach --sync --sheet runs/sheets
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from mvp_real.cli.demos_paths import recordings
from mvp_real.demos.reader import Demonstration, read_demonstration
from mvp_real.demos.statistics import episode_statistics
from mvp_real.demos.sync_report import sync_report
from mvp_real.errors import MvpRealError, require


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("paths", nargs="+", type=Path, help="recordings (.mcap) or folders of them")
    parser.add_argument(
        "--sheet", type=Path, help="write a contact sheet (PNG) of each recording to this folder"
    )
    parser.add_argument(
        "--sync", action="store_true", help="ages, skew and gaps of every stream, from the file"
    )


def run(args: argparse.Namespace) -> int:
    """Print a table; optionally draw."""
    console_module = require("rich.console", "report")
    table_module = require("rich.table", "report")
    table = table_module.Table(title="demonstrations")
    for heading in ("id", "scene", "fruit", "steps", "seconds", "largest step, rad", "gripper", "outcome"):
        table.add_column(
            heading, justify="right" if heading in ("steps", "seconds") else "left", no_wrap=True
        )
    outcomes: Counter[str] = Counter()
    steps = 0
    streams, useless = [], []
    for path in recordings(args.paths):
        try:
            demonstration = read_demonstration(path)
        except MvpRealError as error:
            useless.append(str(error))
            outcomes["useless"] += 1
            table.add_row(path.stem, *6 * [""], "useless")
            continue
        steps += len(demonstration)
        row = _row(demonstration)
        outcomes[row[-1]] += 1
        table.add_row(*row)
        if args.sync:
            streams.append((demonstration.id, sync_report(path)))
        if args.sheet is not None:
            from mvp_real.demos.contact_sheet import save_contact_sheet

            save_contact_sheet(demonstration, args.sheet / f"{demonstration.id}.png")
    if useless and len(useless) == sum(outcomes.values()):
        raise MvpRealError(useless[0])
    console = console_module.Console(width=max(console_module.Console().width, 110))
    console.print(table)
    for name, report in streams:
        sync = table_module.Table(title=f"{name}: streams")
        for heading in (
            "topic",
            "messages",
            "Hz",
            "missing",
            "longest gap, ms",
            "age p95, ms",
            "skew p95, ms",
        ):
            sync.add_column(heading, justify="left" if heading == "topic" else "right", no_wrap=True)
        for topic, stream in report.streams.items():
            sync.add_row(
                topic,
                str(stream.messages),
                f"{stream.rate:.1f}",
                str(stream.dropped),
                f"{stream.longest_gap:.1f}",
                _number(stream.age_p95),
                _number(stream.skew_p95),
            )
        console.print(sync)
        for problem in report.problems:
            print(f"  {problem}")
    for text in useless:
        print(f"LOOK: {text}")
    counts = ", ".join(f"{count} {name}" for name, count in outcomes.items())
    print(f"{sum(outcomes.values())} demonstrations, {steps} steps: {counts}")
    return 0


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _row(demonstration: Demonstration) -> list[str]:
    figures = episode_statistics(demonstration)
    setup = demonstration.metadata.get("setup") or {}
    return [
        demonstration.id,
        str(demonstration.metadata.get("scene", "")),
        str(setup.get("placement", {}).get("fruit", "")),
        str(figures.steps),
        f"{figures.seconds:.1f}",
        f"{figures.largest_step:.3f} ({figures.largest_step_joint})",
        f"{figures.toggles} toggle{'s' if figures.toggles != 1 else ''}",
        figures.outcome,
    ]
