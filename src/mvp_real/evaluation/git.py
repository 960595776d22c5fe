"""What git knows about a folder; git may be absent, and a folder may be outside any checkout."""

from __future__ import annotations

import subprocess
from pathlib import Path

TIMEOUT = 20.0  # s


def git(folder: Path, *arguments: str) -> str | None:
    """Output of a git command in `folder`, without white space at its ends; None where it fails."""
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
