"""One line of the doctor's report, and probes that can neither hang nor take the doctor down with them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

PROBE_WITHIN = 8.0  # s; device libraries may wait for much longer, or abort the process


@dataclass(frozen=True)
class Finding:
    """One line of the report. `ok` is None for facts that nothing depends on."""

    name: str
    ok: bool | None
    detail: str


def probe(
    code: str, environment: Mapping[str, str] | None = None, within: float = PROBE_WITHIN
) -> tuple[str, str]:
    """Run Python code in a process of its own.

    Args:
        code: What runs.
        environment: Variables besides the present ones.
        within: Longest time, s.

    Returns:
        Its standard output, and why it failed: the last line of its errors, or that it took too long; empty if not.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, **(environment or {})},
            capture_output=True,
            text=True,
            timeout=within,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "", f"no answer within {within:.0f} s"
    if done.returncode:
        return done.stdout, (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    return done.stdout, ""
