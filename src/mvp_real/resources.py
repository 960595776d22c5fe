"""Where configuration, models and scenes lie: in a checkout, a pip install and a colcon install alike."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from mvp_real.errors import MvpRealError, unknown_name


def share_directory() -> Path:
    """The folder that holds `config/`, `launch/`, `sim/` and `models/`.

    In order: the checkout of this file, the prefix of the running Python, each AMENT_PREFIX_PATH.

    Raises:
        MvpRealError: None of them has the package's files.
    """
    checkout = Path(__file__).resolve().parents[2]
    prefixes = [
        Path(sys.prefix),
        *map(Path, filter(None, os.environ.get("AMENT_PREFIX_PATH", "").split(":"))),
    ]
    candidates = [checkout, *(prefix / "share" / "mvp_real" for prefix in prefixes)]
    for candidate in candidates:
        if (candidate / "package.xml").is_file() and (candidate / "config").is_dir():
            return candidate
    raise MvpRealError(
        "the package's config files were not found; looked in "
        + ", ".join(map(str, candidates))
        + "; install it with: pip install ."
    )


def config_file(name: str) -> Path:
    """Path of a file below `config/`, e.g. "tasks/pick_fruit.yaml"."""
    return _existing("config file", share_directory() / "config", name)


def sim_file(name: str) -> Path:
    """Path of a file below `sim/`, e.g. "xarm7.xml"."""
    return _existing("simulation file", share_directory() / "sim", name)


def model_roots() -> list[Path]:
    """Folders that hold bundles: those of MVP_REAL_MODELS (separated by ':') first, then the shipped ones."""
    extra = [Path(part) for part in os.environ.get("MVP_REAL_MODELS", "").split(":") if part]
    return [*extra, share_directory() / "models"]


def model_directory(name: str) -> Path:
    """Folder of a bundle, given by its name or by a path to a folder with a `card.yaml`.

    Raises:
        MvpRealError: No such bundle; the near names are suggested.
    """
    if (Path(name) / "card.yaml").is_file():
        return Path(name)
    known: list[str] = []
    for root in model_roots():
        if (root / name / "card.yaml").is_file():
            return root / name
        known += [card.parent.name for card in root.glob("*/card.yaml")]
    raise unknown_name("bundle", name, known)


def _existing(kind: str, root: Path, name: str) -> Path:
    path = root / name
    if not path.is_file():
        siblings = [str(p.relative_to(root)) for p in path.parent.glob(f"*{path.suffix}")]
        raise unknown_name(kind, name, siblings)
    return path
