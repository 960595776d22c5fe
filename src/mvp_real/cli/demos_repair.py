"""Give interrupted recordings their index and ending; everything up to the last whole message is kept.

An episode that nobody has called a success goes to `set_aside/` of its set: look at it, and move it back if it is good.

mvp_real demos repair runs/demos/reach                  every recording in a folder
mvp_real demos repair runs/demos/reach/reach_007.partial.mcap
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mvp_real.cli.demos_paths import recordings
from mvp_real.demos.episode_file import PARTIAL_SUFFIX
from mvp_real.demos.episode_set import set_aside
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
        if report.was_complete and report.path == path:
            sound += 1
            continue
        unjudged = path.name.endswith(PARTIAL_SUFFIX) and report.success is not True
        try:
            target = set_aside(report.path) if unjudged else report.path
        except MvpRealError as error:
            print(f"{report.path}: {error}")
            hopeless += 1
            continue
        print(f"{target}: {report.messages} messages kept, {report.lost_bytes} bytes were torn")
    if sound:
        print(f"{sound} recordings were sound and stay as they are")
    return 1 if hopeless else 0
