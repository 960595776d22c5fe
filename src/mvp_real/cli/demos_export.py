"""Write demonstrations in the LeRobotDataset v3 layout.

mvp_real demos export runs/demos/reach --out runs/lerobot/reach --instruction "reach the red block"
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mvp_real.demos.lerobot_export import ACTIONS, export_lerobot
from mvp_real.demos.reader import demonstration_paths, read_demonstration
from mvp_real.errors import MvpRealError


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("folders", nargs="+", type=Path, help="sets of demonstrations")
    parser.add_argument("--out", type=Path, required=True, help="an empty folder")
    parser.add_argument("--action", default="target", choices=ACTIONS, help="absolute targets or deltas")
    parser.add_argument("--instruction", default="", help="text of the task; default: its name")


def run(args: argparse.Namespace) -> int:
    """Export every demonstration that counts."""
    from tqdm import tqdm

    demonstrations = []
    for path in demonstration_paths(*args.folders):
        demonstration = read_demonstration(path)
        outcome = demonstration.metadata.get("outcome", {})
        if outcome and outcome.get("success") is not True:
            raise MvpRealError(
                f"'{path}' is not marked as a success; set it aside with: mvp_real demos prune"
            )
        demonstrations.append(demonstration)
    with tqdm(total=len(demonstrations), unit="demo") as bar:
        report = export_lerobot(
            demonstrations, args.out, args.action, args.instruction, lambda done, _: bar.update(done - bar.n)
        )
    cameras = ", ".join(report.cameras) or "no camera"
    print(f"{report.episodes} episodes, {report.frames} frames, {cameras}: {report.folder}")
    return 0
