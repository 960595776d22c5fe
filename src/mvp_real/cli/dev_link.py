"""Make an editable install visible to ROS tools.

`pip install -e .` installs no data files, so `ros2 launch` and `ros2 run` do not find the package. This links
each file into the environment's share/ and lib/ (files, because ROS tools do not follow linked folders).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mvp_real.errors import MvpRealError
from mvp_real.resources import share_directory

LINKED_FOLDERS = ("launch", "config", "sim", "models")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    parser.add_argument("--prefix", type=Path, default=Path(sys.prefix), help="environment to link into")


def run(arguments: argparse.Namespace) -> int:
    """Link every data file; existing links are renewed, existing files are refused."""
    root = share_directory()
    if not (root / "setup.py").is_file():
        raise MvpRealError(
            f"'{root}' is an installed package, not a checkout; dev-link is only for pip install -e ."
        )
    prefix: Path = arguments.prefix
    links = {prefix / "share/ament_index/resource_index/packages/mvp_real": root / "resource/mvp_real"}
    links[prefix / "share/mvp_real/package.xml"] = root / "package.xml"
    for folder in LINKED_FOLDERS:
        for path in (root / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                links[prefix / "share/mvp_real" / path.relative_to(root)] = path
    for path in (root / "bin").iterdir():
        links[prefix / "lib/mvp_real" / path.name] = path
    for link, target in links.items():
        if link.exists() and not link.is_symlink():
            raise MvpRealError(
                f"'{link}' is a file of a normal install; remove it with: pip uninstall mvp_real"
            )
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(target)
    print(f"linked {len(links)} files into {prefix}")
    return 0
