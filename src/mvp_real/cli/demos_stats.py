"""Figures of a set of demonstrations as a table, and on a page with pictures.

mvp_real demos stats runs/demos/reach
mvp_real demos stats runs/demos/reach --page runs/demos/reach/index.html
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from mvp_real.cli.demos_paths import recordings
from mvp_real.demos.episode_file import PARTIAL_SUFFIX
from mvp_real.demos.reader import read_demonstration
from mvp_real.demos.statistics import set_statistics
from mvp_real.errors import MvpRealError, require


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("paths", nargs="+", type=Path, help="recordings (.mcap) or folders of them")
    parser.add_argument("--page", type=Path, help="write a page with thumbnails, paths and figures here")


def run(args: argparse.Namespace) -> int:
    """Print the tables; optionally write the page."""
    console_module = require("rich.console", "report")
    table_module = require("rich.table", "report")
    demonstrations, useless = [], []
    for path in recordings(args.paths):
        if path.name.endswith(PARTIAL_SUFFIX):
            continue
        try:
            demonstrations.append(read_demonstration(path))
        except MvpRealError as error:
            useless.append(str(error))
    if not demonstrations:
        raise MvpRealError(useless[0] if useless else "no finished demonstration is there")
    figures = set_statistics(demonstrations)
    table = table_module.Table(title="episodes")
    headings = (
        "id",
        "outcome",
        "steps",
        "seconds",
        "way, rad",
        "largest step",
        "idle",
        "gripper",
        "images lost",
    )
    for heading in headings:
        table.add_column(heading, justify="left" if heading in ("id", "outcome") else "right", no_wrap=True)
    for episode in figures.episodes:
        table.add_row(
            episode.id,
            episode.outcome,
            str(episode.steps),
            f"{episode.seconds:.1f}",
            f"{episode.path.sum():.2f}",
            f"{episode.largest_step:.3f}",
            f"{episode.idle:.0%}",
            str(episode.toggles),
            "-" if episode.missing_images is None else str(episode.missing_images),
        )
    joints = table_module.Table(title="joints")
    for heading in ("joint", "from, rad", "to, rad", "largest step, rad"):
        joints.add_column(heading, justify="left" if heading == "joint" else "right", no_wrap=True)
    for index, name in enumerate(figures.joint_names):
        joints.add_row(
            name,
            f"{figures.joint_low[index]:+.3f}",
            f"{figures.joint_high[index]:+.3f}",
            f"{figures.largest_step[index]:.3f}",
        )
    console = console_module.Console(width=max(console_module.Console().width, 110))
    console.print(table)
    console.print(joints)
    lengths = np.array([episode.seconds for episode in figures.episodes])
    print(
        f"{len(lengths)} demonstrations, {figures.steps} steps, {figures.seconds:.0f} s; one lasts "
        f"{np.median(lengths):.1f} s (median), {lengths.min():.1f} to {lengths.max():.1f} s"
    )
    for text in (*useless, *figures.warnings):
        print(f"LOOK: {text}")
    for episode in figures.episodes:
        for problem in episode.problems:
            print(f"LOOK: {episode.id}: {problem}")
    if args.page is not None:
        from mvp_real.demos.set_page import write_page

        print(f"page: {write_page(demonstrations, figures, args.page)}")
    return 0
