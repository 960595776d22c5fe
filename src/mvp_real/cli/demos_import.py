"""Turn demonstrations of the MVP release (one pickle per step) into a set.

    mvp_real demos import demos/pick --task pick_fruit --out runs/demos/released

Pickles are read by a reader of our own that knows arrays and plain values and refuses everything else.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mvp_real.demos.episode_set import EpisodeSet
from mvp_real.demos.mvp_release import import_release


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("folder", type=Path, help="folder of demonstrations, each a folder of pickles")
    parser.add_argument("--task", required=True, help="name of the task")
    parser.add_argument("--out", type=Path, required=True, help="the set")


def run(args: argparse.Namespace) -> int:
    """Import what is not there yet."""
    from tqdm import tqdm

    episodes = EpisodeSet.open(args.out, {"task": args.task, "robot": "xarm7"})
    with tqdm(unit="demo") as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        new = len(list(import_release(args.folder, episodes, progress)))
    print(f"{new} demonstrations imported, {len(episodes.accepted())} in {args.out}")
    return 0
