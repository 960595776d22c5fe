"""`mvp_real inspect`: what is in recorded demonstrations; a page of pictures; repair of an interrupted recording."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import numpy as np

from mvp_real.demos.reader import Demonstration, read_demonstration
from mvp_real.errors import MvpRealError, require


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("paths", nargs="+", type=Path, help="recordings (.mcap) or folders of them")
    parser.add_argument(
        "--sheet", type=Path, help="write a contact sheet (PNG) of each recording to this folder"
    )
    parser.add_argument(
        "--repair", action="store_true", help="give interrupted recordings an index and an ending"
    )


def run(args: argparse.Namespace) -> int:
    """Print a table; optionally repair and draw."""
    console_module = require("rich.console", "report")
    table_module = require("rich.table", "report")
    if args.repair:
        from mvp_real.demos.repair import repair

        for path in _recordings(args.paths):
            report = repair(path)
            if not report.was_complete:
                print(f"{report.path}: {report.messages} messages kept, {report.lost_bytes} bytes were torn")
    table = table_module.Table(title="demonstrations")
    for heading in ("id", "scene", "fruit", "steps", "seconds", "largest step, rad", "gripper", "outcome"):
        table.add_column(
            heading, justify="right" if heading in ("steps", "seconds") else "left", no_wrap=True
        )
    outcomes: Counter[str] = Counter()
    steps = 0
    for path in _recordings(args.paths):
        demonstration = read_demonstration(path)
        steps += len(demonstration)
        outcomes[_outcome(demonstration)] += 1
        table.add_row(*_row(demonstration))
        if args.sheet is not None:
            from mvp_real.demos.contact_sheet import save_contact_sheet

            save_contact_sheet(demonstration, args.sheet / f"{demonstration.id}.png")
    console = console_module.Console()
    console_module.Console(width=max(console.width, 110)).print(table)
    counts = ", ".join(f"{count} {name}" for name, count in outcomes.items())
    print(f"{sum(outcomes.values())} demonstrations, {steps} steps: {counts}")
    return 0


def _recordings(paths: list[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        found += sorted(path.glob("*.mcap")) if path.is_dir() else [path]
    if not found:
        raise MvpRealError(f"no recording (*.mcap) in {', '.join(map(str, paths))}")
    return found


def _row(demonstration: Demonstration) -> list[str]:
    delta = np.abs(demonstration.clean[:, :7] - demonstration.state[:, :7])
    joint = int(delta.max(axis=0).argmax())
    setup = demonstration.metadata.get("setup", {})
    toggles = int(np.abs(np.diff(demonstration.executed[:, 7])).sum())
    return [
        demonstration.id,
        str(demonstration.metadata.get("scene", "")),
        str(setup.get("placement", {}).get("fruit", "")),
        str(len(demonstration)),
        f"{demonstration.stamps[-1] - demonstration.stamps[0]:.1f}",
        f"{delta.max():.3f} (joint{joint + 1})",
        f"{toggles} toggle{'s' if toggles != 1 else ''}",
        _outcome(demonstration),
    ]


def _outcome(demonstration: Demonstration) -> str:
    if not demonstration.complete:
        return "interrupted"
    success = demonstration.metadata["outcome"].get("success")
    return {True: "success", False: "failure"}.get(success, "unknown")
