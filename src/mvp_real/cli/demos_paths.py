"""Recordings named on a command line."""

from __future__ import annotations

from pathlib import Path

from mvp_real.errors import MvpRealError


def recordings(paths: list[Path]) -> list[Path]:
    """Files as given, and every recording in the folders given.

    Raises:
        MvpRealError: There is none.
    """
    found: list[Path] = []
    for path in paths:
        found += sorted(path.glob("*.mcap")) if path.is_dir() else [path]
    if not found:
        raise MvpRealError(f"no recording (*.mcap) in {', '.join(map(str, paths))}")
    return found
