"""One trial = one robot in one row with one policy, and the file that collects trials so that runs can resume."""

from __future__ import annotations

import dataclasses
import json
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mvp_real.errors import MvpRealError

TRIALS_FILE = "trials.jsonl"
CATEGORIES = {
    "": "passed",
    "fell": "fell",
    "not_passed": "on its feet, but did not get past the goal",
    "diverged": "the physics or the policy's action was not finite",
}


@dataclass(frozen=True)
class WalkTrial:
    """What became of one robot.

    Attributes:
        subject: Label of the policy.
        row: Name of the condition.
        protocol: Digest of the row and of the robots (`WalkProtocol.digest`).
        index, seed: Place of the robot in the row, and the seed that it was drawn from.
        command: (forward m/s, sideways m/s, turn rad/s) of the row.
        bundle, digest: Name and SHA-256 of the policy's ONNX file; empty digest for open-loop motions.
        success: It passed.
        category: A key of `CATEGORIES`; empty for a success.
        seconds: Time on its feet, s.
        planned: Duration of the row, s.
        measures: Figures by name, in SI units and shares; what could not be measured is absent.
        series: Figures over time by name, for means over robots.
        clip: Path of a video relative to the results, or None.
        wall: Time that the whole row took, s.
        finished: UTC time at the end, ISO 8601.
    """

    subject: str
    row: str
    protocol: str
    index: int
    seed: int
    command: tuple[float, float, float]
    bundle: str
    digest: str
    success: bool
    category: str
    seconds: float
    planned: float
    measures: dict[str, float] = field(default_factory=dict)
    series: dict[str, list[float]] = field(default_factory=dict)
    clip: str | None = None
    wall: float = 0.0
    finished: str = ""

    def __post_init__(self) -> None:
        if self.category not in CATEGORIES or self.success != (self.category == ""):
            raise ValueError(
                f"success {self.success} with category '{self.category}'; known: {', '.join(CATEGORIES)}"
            )
        for name, value in self.measures.items():
            if not math.isfinite(value):
                raise ValueError(f"measure '{name}' is {value}; leave out what could not be measured")


class WalkLog:
    """Append-only JSON lines. A row of a policy is written in one piece; half of one counts as not run.

    Args:
        directory: Folder of the file.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.path = directory / TRIALS_FILE
        self._rows: dict[tuple[str, str], list[WalkTrial]] = {}
        for trial in _read(self.path):
            self._rows.setdefault((trial.subject, trial.row), []).append(trial)

    @property
    def trials(self) -> list[WalkTrial]:
        """Every trial, in the order in which they were run."""
        return [trial for row in self._rows.values() for trial in row]

    def complete(self, subject: str, row: str, robots: int) -> bool:
        """Whether a row of a policy has been run."""
        return len(self._rows.get((subject, row), ())) == robots

    def require_same(self, subject: str, row: str, digest: str, protocol: str) -> None:
        """Refuse to mix trials of two files, or of two versions of the protocol, under one name.

        Raises:
            MvpRealError: Finished trials differ.
        """
        for trial in self._rows.get((subject, row), ()):
            for what, old, new in (("policy", trial.digest, digest), ("protocol", trial.protocol, protocol)):
                if old != new:
                    raise MvpRealError(
                        f"'{self.path}' holds trials of '{subject}' in row '{row}' with the {what} {old[:12]}, now it "
                        f"is {new[:12]}; give another --out, or restore what was changed"
                    )

    def append(self, trials: Sequence[WalkTrial]) -> None:
        """Add the trials of one row of one policy and make sure that they reach the disk."""
        (key,) = {(trial.subject, trial.row) for trial in trials}
        lines = "".join(json.dumps(dataclasses.asdict(trial), allow_nan=False) + "\n" for trial in trials)
        with self.path.open("a+b") as stream:
            if stream.tell() and not _ends_with_newline(self.path):
                stream.write(b"\n")  # a crash cut the last line off; do not join it with this one
            stream.write(lines.encode())
            stream.flush()
            os.fsync(stream.fileno())
        self._rows[key] = list(trials)


def _read(path: Path) -> list[WalkTrial]:
    """Trials of a file; a row that was run again after a crash counts once, with its last trials."""
    if not path.is_file():
        return []
    found: dict[tuple[str, str, int], WalkTrial] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        record = _parsed(line)
        if record is None:
            continue
        try:
            record["command"] = tuple(record["command"])
            trial = WalkTrial(**record)
        except (TypeError, ValueError, KeyError) as error:
            raise MvpRealError(f"'{path}', line {number}, is not a trial of this version: {error}") from error
        found[trial.subject, trial.row, trial.index] = trial
    return list(found.values())


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except json.JSONDecodeError:
        return None  # cut off by a crash
    return record if isinstance(record, dict) else None


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as stream:
        stream.seek(-1, os.SEEK_END)
        return stream.read(1) == b"\n"
