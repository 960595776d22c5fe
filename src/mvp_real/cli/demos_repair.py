"""Give interrupted recordings their index and ending; everything up to the last whole message is kept.

mvp_real demos repair runs/demos/reach                  every recording in a folder
mvp_real demos repair runs/demos/reach/reach_007.partial.mcap
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mvp_real.cli.demos_paths import recordings
from mvp_real.demos.repair import repair
from mvp_real.errors import MvpRealError


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("paths", nargs="+", type=Path, help="recordings (.mcap) or folders of them")


def run(args: argparse.Namespace) -> int:
    """Repair each; 0 if all are readable now, 1 if one holds nothing."""
    hopeless = sound = 0
    for path in recordings(args.paths):
        try:
            report = repair(path)
        except MvpRealError as error:
            print(f"{path}: {error}")
            hopeless += 1
            continue
        if report.was_complete:
            sound += 1
        else:
            print(f"{report.path}: {report.messages} messages kept, {report.lost_bytes} bytes were torn")
    if sound:
        print(f"{sound} recordings were sound and stay as they are")
    return 1 if hopeless else 0
