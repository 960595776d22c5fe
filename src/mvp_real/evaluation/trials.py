"""One trial = one subject at one placement, and the file that collects trials so that runs can resume."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from mvp_real.errors import MvpRealError

TRIALS_FILE = "trials.jsonl"
CATEGORIES = {
    "": "success",
    "perception_miss": "closed beside the fruit",
    "grasp_slip": "closed on the fruit but did not hold it",
    "timeout": "never closed, or too late",
    "limit_stop": "the limiter stopped or held the arm",
    "stale_input": "the loop stopped on missing or invalid input",
    "operator_stop": "stopped by the operator",
    "diverged": "the physics failed",
    "crash": "a process failed",
}

TrialKey = tuple[str, str, str, str]
RowKey = tuple[str, str, str, str]  # subject, scene, set of placements, way of running


class Outcome(Protocol):
    """What rates and paired tests need of a trial; attributes as in `TrialRecord`."""

    @property
    def subject(self) -> str: ...
    @property
    def scene(self) -> str: ...
    @property
    def placement(self) -> str: ...
    @property
    def through(self) -> str: ...
    @property
    def success(self) -> bool: ...


@dataclass(frozen=True)
class TrialRecord:
    """What happened in one trial (evaluation protocol C4).

    Attributes:
        subject: Label of what was tested, e.g. "mae_seed1".
        scene: "plain" or "varied".
        placement: Id of the placement, e.g. "evaluation-03" or "random-900000-017".
        through: "nodes" (real processes over DDS) or "process" (the same classes without DDS).
        fruit, x, y, yaw: The placement: fruit, position on the table in the base frame, m, turn, rad.
        start: Start pose of the arm, "fixed" or "random".
        seed: Seed of everything that the scene draws.
        bundle, digest: Name and SHA-256 of the controller's ONNX file; empty digest for the scripted expert.
        order: Place of the subject in the rotation at this placement, from 0.
        success: The fruit was held high enough for long enough.
        category: Failure category, a key of `CATEGORIES`; empty for a success.
        height: Height of the fruit's centre above the table at the end, m; None where not measured.
        lateral_miss: Horizontal distance from tool point to fruit when the gripper first closed, m;
            None if it never closed or where it was not measured.
        duration: Simulated time, s.
        steps: Control steps taken.
        wall: Time the trial took, s.
        reason: Reason of a stop in the words of the loop or the limiter.
        clip: Path of a video relative to the results, or None.
        finished: UTC time at the end, ISO 8601.
    """

    subject: str
    scene: str
    placement: str
    through: str
    fruit: str
    x: float
    y: float
    yaw: float
    start: str
    seed: int
    bundle: str
    digest: str
    order: int
    success: bool
    category: str
    height: float | None
    lateral_miss: float | None
    duration: float
    steps: int
    wall: float
    reason: str = ""
    clip: str | None = None
    finished: str = ""

    def __post_init__(self) -> None:
        if self.category not in CATEGORIES:
            raise ValueError(f"unknown failure category '{self.category}'; known: {', '.join(CATEGORIES)}")
        if self.success != (self.category == ""):
            raise ValueError(
                f"a success has no failure category and a failure has one, got '{self.category}'"
            )

    @property
    def key(self) -> TrialKey:
        """What makes a trial the same trial in a resumed run."""
        return (self.subject, self.scene, self.placement, self.through)


class TrialLog:
    """Append-only JSON lines, flushed to the disk after every trial.

    A line cut off by a crash is dropped on reading, and its trial runs again.
    """

    def __init__(self, directory: Path) -> None:
        self.path = directory / TRIALS_FILE
        directory.mkdir(parents=True, exist_ok=True)
        self._trials = {trial.key: trial for trial in read_trials(self.path)}

    @property
    def trials(self) -> list[TrialRecord]:
        """Every finished trial, in the order in which they finished."""
        return list(self._trials.values())

    def __contains__(self, key: TrialKey) -> bool:
        return key in self._trials

    def require_same_bundle(self, subject: str, scene: str, digest: str) -> None:
        """Refuse to mix trials of two different files under one label; a study has a file per scene.

        Raises:
            MvpRealError: Finished trials of the subject were run with another file.
        """
        known = {t.digest for t in self._trials.values() if (t.subject, t.scene) == (subject, scene)}
        if known - {digest}:
            raise MvpRealError(
                f"'{self.path}' holds trials of '{subject}' with the file {min(known - {digest})[:12]}, "
                f"but its file is now {digest[:12]}; give another --out or restore the bundle"
            )

    def append(self, trial: TrialRecord) -> None:
        """Add one finished trial and make sure that it reaches the disk."""
        if trial.key in self._trials:
            raise ValueError(f"trial {trial.key} is already in '{self.path}'")
        line = json.dumps(dataclasses.asdict(trial))
        with self.path.open("a+b") as stream:
            if stream.tell() and not _ends_with_newline(self.path):
                stream.write(b"\n")  # a crash cut the last line off; do not join it with this one
            stream.write(line.encode() + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
        self._trials[trial.key] = trial


def read_trials(path: Path) -> list[TrialRecord]:
    """Trials of a JSON-lines file, without lines that a crash cut off; empty where there is no file."""
    if not path.is_file():
        return []
    trials = []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        record = _parsed(line)
        if record is None:
            continue
        try:
            trials.append(TrialRecord(**record))
        except (TypeError, ValueError) as error:
            raise MvpRealError(f"'{path}', line {number}, is not a trial of this version: {error}") from error
    return trials


def count(trials: Iterable[Outcome]) -> tuple[int, int]:
    """Successes and number of trials."""
    outcomes = [trial.success for trial in trials]
    return sum(outcomes), len(outcomes)


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except json.JSONDecodeError:
        return None
    return record if isinstance(record, dict) else None


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as stream:
        stream.seek(-1, os.SEEK_END)
        return stream.read(1) == b"\n"
