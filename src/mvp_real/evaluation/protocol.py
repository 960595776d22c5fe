"""Runs a list of trials: in the given order, once each, resumable, within a time budget, with progress."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import groupby, islice
from multiprocessing import get_context
from typing import Protocol

from mvp_real.evaluation.order import plan
from mvp_real.evaluation.placements import NamedSetup
from mvp_real.evaluation.subjects import Subject
from mvp_real.evaluation.trials import TrialKey, TrialLog, TrialRecord


@dataclass(frozen=True)
class Trial:
    """One trial to run: a subject at a placement, at its place in the rotation."""

    subject: Subject
    setup: NamedSetup
    order: int

    def key(self, through: str) -> TrialKey:
        """Its key in the log."""
        return (self.subject.label, self.setup.setup.scene, self.setup.name, through)


class Runner(Protocol):
    """Whatever can run one trial, e.g. `rollout.Rollout`."""

    def run(self, trial: Trial) -> TrialRecord:
        """Run the trial from its reset to its end."""
        ...

    def close(self) -> None:
        """Free what the runner holds."""
        ...


@dataclass(frozen=True)
class Deadline:
    """Point in time after which no further trial starts; `seconds` None means never."""

    seconds: float | None = None
    start: float = 0.0

    @staticmethod
    def after(seconds: float | None) -> Deadline:
        """A deadline so many seconds from now."""
        return Deadline(seconds, time.monotonic())

    @property
    def passed(self) -> bool:
        """Whether the time is up."""
        return self.seconds is not None and time.monotonic() - self.start >= self.seconds


def trials_to_run(
    subjects: Sequence[Subject], groups: Sequence[Sequence[NamedSetup]], log: TrialLog, through: str
) -> list[Trial]:
    """The plan without the trials that the log already holds.

    Args:
        subjects: What is tested.
        groups: Setups of one scene each.
        log: Finished trials.
        through: "process" or "nodes".

    Raises:
        MvpRealError: Finished trials of a subject were run with another file.
    """
    scenes = {setup.setup.scene for group in groups for setup in group}
    for subject in subjects:
        for scene in scenes:
            log.require_same_bundle(subject.label, scene, subject.digest)
    trials = [Trial(subject, setup, place) for place, subject, setup in plan(subjects, *groups)]
    return [trial for trial in trials if trial.key(through) not in log]


def run_trials(
    trials: Sequence[Trial],
    log: TrialLog,
    make_runner: Callable[[], Runner],
    deadline: Deadline | None = None,
    workers: int = 1,
    progress: Callable[[TrialRecord], None] = lambda record: None,
) -> bool:
    """Run trials in order and log each as it ends.

    Args:
        trials: What to run.
        log: Receives the records.
        make_runner: Builds a runner; must be picklable when `workers` is above 1.
        deadline: No trial (with workers: no placement) starts after it.
        workers: Processes; each has a runner of its own and takes whole placements.
        progress: Called with every record.

    Returns:
        True when every trial was run, False when the deadline came first.
    """
    deadline = deadline or Deadline()

    def keep(record: TrialRecord) -> None:
        log.append(record)
        progress(record)

    if not trials:
        return True
    if workers > 1:
        return _run_pool(trials, keep, make_runner, deadline, workers)
    runner = make_runner()
    try:
        for trial in trials:
            if deadline.passed:
                return False
            keep(runner.run(trial))
    finally:
        runner.close()
    return True


def relabelled(records: Iterable[TrialRecord], labels: dict[str, str]) -> list[TrialRecord]:
    """Records with bundle names replaced by the labels of a table."""
    return [replace(record, subject=labels.get(record.subject, record.subject)) for record in records]


def _run_pool(
    trials: Sequence[Trial],
    keep: Callable[[TrialRecord], None],
    make_runner: Callable[[], Runner],
    deadline: Deadline,
    workers: int,
) -> bool:
    """Placements in parallel, results in plan order. Spawned, because a fork would share the renderer."""
    rows = [list(row) for _, row in groupby(trials, key=lambda trial: trial.setup)]
    context = get_context("spawn")
    with ProcessPoolExecutor(workers, context, _start_worker, (make_runner,)) as pool:
        waiting = iter(rows)
        running = deque(pool.submit(_run_row, row) for row in islice(waiting, workers))
        while running:
            for record in running.popleft().result():
                keep(record)
            if not deadline.passed:
                running.extend(pool.submit(_run_row, row) for row in islice(waiting, 1))
    return next(waiting, None) is None


_runner: Runner | None = None


def _start_worker(make_runner: Callable[[], Runner]) -> None:
    global _runner
    _runner = make_runner()


def _run_row(row: Sequence[Trial]) -> list[TrialRecord]:
    assert _runner is not None
    return [_runner.run(trial) for trial in row]
