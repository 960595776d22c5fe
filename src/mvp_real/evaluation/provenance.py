"""Where a result comes from: commit, versions, machine, and the files that were tested."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

from mvp_real.evaluation.git import git
from mvp_real.resources import share_directory

PACKAGES = ("mvp_real", "numpy", "mujoco", "onnxruntime", "ros-rclpy", "torch")


def provenance() -> dict[str, Any]:
    """Record for a results file: when, which commit, whether the tree was clean, versions, machine."""
    return {
        "created": now(),
        "commit": git(share_directory(), "rev-parse", "HEAD"),
        "uncommitted_changes": _uncommitted(),
        "python": platform.python_version(),
        "packages": {name: version for name in PACKAGES if (version := _version(name))},
        "machine": machine_note(),
    }


def machine_note() -> str:
    """Processor, its number of cores and the system, in one line, without names of people or hosts."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{model}, {usable} cores, {platform.system()} {platform.machine()}"


def now() -> str:
    """UTC time to the second, ISO 8601."""
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")


def _uncommitted() -> bool | None:
    """Whether tracked files of `src`, `config`, `sim` differ from the commit; None outside a checkout."""
    status = git(
        share_directory(), "status", "--porcelain", "--untracked-files=no", "--", "src", "config", "sim"
    )
    return None if status is None else bool(status)


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
