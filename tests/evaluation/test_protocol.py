from __future__ import annotations

import functools
import os
from collections import Counter
from pathlib import Path

import pytest

from mvp_real.errors import MvpRealError
from mvp_real.evaluation.placements import named_setups
from mvp_real.evaluation.protocol import Deadline, Trial, relabelled, run_trials, trials_to_run
from mvp_real.evaluation.subjects import Subject
from mvp_real.evaluation.trials import TrialLog, TrialRecord

from .trial_fixture import trial as record_of

SUBJECTS = [Subject(name, None, None, None) for name in ("a", "b", "c")]
SETUPS = named_setups("validation", "plain")[:5]


class Recorder:
    """A runner that notes what it was asked to run; fails on request."""

    def __init__(self, fail_at: int = -1) -> None:
        self.ran: list[Trial] = []
        self.closed = False
        self.fail_at = fail_at

    def run(self, trial: Trial) -> TrialRecord:
        if len(self.ran) == self.fail_at:
            raise RuntimeError("power cut")
        self.ran.append(trial)
        return record_of(
            trial.subject.label,
            placement=trial.setup.name,
            order=trial.order,
            digest="",
            reason=str(os.getpid()),
        )

    def close(self) -> None:
        self.closed = True


def test_every_trial_once_in_the_order_of_the_square(tmp_path: Path) -> None:
    log, runner = TrialLog(tmp_path), Recorder()
    seen: list[TrialRecord] = []
    trials = trials_to_run(SUBJECTS, [SETUPS], log, "process")
    assert run_trials(trials, log, lambda: runner, progress=seen.append)
    assert [t.subject.label for t in runner.ran[:6]] == ["a", "b", "c", "b", "c", "a"]
    assert Counter(t.key for t in log.trials).most_common(1)[0][1] == 1
    assert seen == log.trials
    assert len(log.trials) == 15
    assert runner.closed


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    log, runner = TrialLog(tmp_path), Recorder(fail_at=7)
    with pytest.raises(RuntimeError, match="power cut"):
        run_trials(trials_to_run(SUBJECTS, [SETUPS], log, "process"), log, lambda: runner)
    assert runner.closed
    resumed, rest = TrialLog(tmp_path), Recorder()
    trials = trials_to_run(SUBJECTS, [SETUPS], resumed, "process")
    assert len(trials) == 8
    assert run_trials(trials, resumed, lambda: rest)
    whole = TrialLog(tmp_path / "whole")
    run_trials(trials_to_run(SUBJECTS, [SETUPS], whole, "process"), whole, Recorder)
    assert [t.key for t in resumed.trials] == [t.key for t in whole.trials]
    assert [t.order for t in resumed.trials] == [t.order for t in whole.trials]


def test_no_trial_starts_after_the_deadline(tmp_path: Path) -> None:
    log = TrialLog(tmp_path)
    assert not run_trials(
        trials_to_run(SUBJECTS, [SETUPS], log, "process"), log, Recorder, deadline=Deadline.after(0.0)
    )
    assert log.trials == []
    assert run_trials([], log, Recorder, deadline=Deadline.after(0.0))


def test_workers_run_whole_placements_and_keep_the_order(tmp_path: Path) -> None:
    log = TrialLog(tmp_path)
    trials = trials_to_run(SUBJECTS, [SETUPS], log, "process")
    assert run_trials(trials, log, functools.partial(Recorder), workers=2)
    assert [t.key for t in log.trials] == [t.key("process") for t in trials]
    workers = {t.reason for t in log.trials}
    assert str(os.getpid()) not in workers
    for setup in SETUPS:
        assert len({t.reason for t in log.trials if t.placement == setup.name}) == 1


def test_a_changed_file_stops_the_run_before_it_starts(tmp_path: Path) -> None:
    log = TrialLog(tmp_path)
    log.append(record_of("a", digest="abcd"))
    with pytest.raises(MvpRealError, match="another --out"):
        trials_to_run(SUBJECTS, [SETUPS], log, "process")


def test_labels_replace_bundle_names() -> None:
    (record,) = relabelled([record_of("mae_plain_seed1")], {"mae_plain_seed1": "mae_seed1"})
    assert record.subject == "mae_seed1"
    assert record.bundle == "mae_plain_seed1"
