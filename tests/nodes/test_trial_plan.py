"""Which placements a user asks for, in which order they run, and what is printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("mujoco")

from mvp_real.errors import MvpRealError
from mvp_real.evaluation.protocol import trials_to_run
from mvp_real.evaluation.subjects import Subject
from mvp_real.evaluation.trials import TrialLog, TrialRecord
from mvp_real.nodes.trial_judgement import ended_by_itself, failure, judge
from mvp_real.nodes.trial_plan import THROUGH, chosen_setups, summary_lines, trial_line
from mvp_real.nodes.trial_results import write_results
from mvp_real.tasks.pick_fruit import random_setup, setup_to_dict

SUBJECTS = [Subject("first", None, None, None), Subject("second", None, None, None)]


def status(**changes: object) -> dict[str, object]:
    outcome = {
        "success": False,
        "done": True,
        "height": 0.03,
        "category": "timeout",
        "steps": 60,
        "closing_distance": None,
    }
    state = {"state": "running", "reason": "", "time": 12.0, "outcome": outcome}
    outcome.update({k: v for k, v in changes.items() if k in outcome})
    state.update({k: v for k, v in changes.items() if k in state})
    return state


def test_named_numbered_and_listed_placements() -> None:
    assert [s.name for s in chosen_setups("evaluation", "plain", 0)][:2] == ["evaluation-00", "evaluation-01"]
    assert len(chosen_setups("evaluation", "varied", 0)) == 16
    assert [s.name for s in chosen_setups("3", "plain", 0)] == [f"evaluation-{i:02d}" for i in range(3)]
    assert [s.name for s in chosen_setups("3,", "plain", 0)] == ["evaluation-03"]
    assert [s.name for s in chosen_setups("5, 1", "plain", 0)] == ["evaluation-05", "evaluation-01"]
    assert chosen_setups("random:2", "varied", 7)[1].setup == random_setup(8, "varied", purpose="trial")


def test_placements_from_a_file(tmp_path: Path) -> None:
    setup = random_setup(3, "varied", purpose="trial")
    path = tmp_path / "mine.json"
    path.write_text(json.dumps([setup_to_dict(setup)]), encoding="utf-8")
    (named,) = chosen_setups(str(path), "plain", 0)
    assert (named.name, named.setup) == ("mine-000", setup)


@pytest.mark.parametrize("content", ["", "{}", "[]", "[1]", '[{"scene": "plain"}]'])
def test_a_placements_file_without_setups_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "mine.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(MvpRealError):
        chosen_setups(str(path), "plain", 0)


@pytest.mark.parametrize("text", ["0", "17", "16,", "evaluatoin", "random", ",", "missing.json", "3,3"])
def test_other_placements_are_refused(text: str) -> None:
    with pytest.raises(MvpRealError):
        chosen_setups(text, "plain", 0)


def test_subjects_alternate_at_each_placement_and_finished_trials_are_skipped(tmp_path: Path) -> None:
    log = TrialLog(tmp_path)
    setups = chosen_setups("2", "plain", 0)
    trials = trials_to_run(SUBJECTS, [setups], log, THROUGH)
    order = [(t.setup.name, t.subject.label) for t in trials]
    assert order == [
        ("evaluation-00", "first"), ("evaluation-00", "second"),
        ("evaluation-01", "second"), ("evaluation-01", "first"),
    ]  # fmt: skip
    log.append(judge(trials[1], status(), {}, True, 1.0))
    left = trials_to_run(SUBJECTS, [setups], log, THROUGH)
    assert [t.subject.label for t in left] == ["first", "second", "first"]


@pytest.mark.parametrize(
    ("robot", "policy", "ended", "category"),
    [
        (status(success=True, category=""), {}, True, ""),
        (status(category="grasp_slip"), {}, True, "grasp_slip"),
        (status(state="stopped", reason="more than 3 clamped steps"), {}, True, "limit_stop"),
        (status(state="stopped", reason="stopped by the operator"), {}, True, "operator_stop"),
        (status(done=False), {"state": "disarmed", "reason": "no image"}, True, "stale_input"),
        (status(done=False), {"state": "running"}, False, "crash"),
        (status(category="perception_miss", state="hold", reason="workspace"), {}, True, "limit_stop"),
        (status(category="diverged", state="hold", reason="workspace"), {}, True, "diverged"),
    ],
)  # fmt: skip
def test_failure_categories(robot: dict, policy: dict, ended: bool, category: str) -> None:
    assert failure(robot, policy, ended)[0] == category


def test_a_slow_trial_is_waited_for_and_one_that_stands_still_is_not() -> None:
    times = iter([0.0, 0.2, 0.2, 0.4, 0.4])
    waits = iter([False, False, True])
    assert ended_by_itself(lambda: next(waits), lambda: next(times))
    times = iter([0.0, 0.2, 0.2, 0.2])
    assert not ended_by_itself(lambda: False, lambda: next(times))


def records(tmp_path: Path) -> list[TrialRecord]:
    trials = trials_to_run(SUBJECTS[:1], [chosen_setups("3", "plain", 0)], TrialLog(tmp_path), THROUGH)
    outcomes = [status(success=True, category=""), status(), status(category="grasp_slip")]
    return [judge(t, s, {}, True, 1.0) for t, s in zip(trials, outcomes, strict=True)]


def test_lines_for_people(tmp_path: Path) -> None:
    trials = records(tmp_path)
    assert "picked" in trial_line(trials[0], 1, 16, 1)
    assert trial_line(trials[0], 1, 16, 1).startswith(" 1/16  apple")
    assert "first" in trial_line(trials[1], 2, 16, 2)
    lines = summary_lines(trials)
    assert lines[0] == "first: 1/3 = 33.3 % (6.1-79.2 %), 95 % interval by Wilson"
    assert "1 never closed, or too late" in lines[1]


def test_results_file(tmp_path: Path) -> None:
    trials = records(tmp_path)
    path = write_results(tmp_path, trials, SUBJECTS[:1], {"speed": "lockstep"})
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["summary"][0]["k"] == 1
    assert content["summary"][0]["n"] == 3
    assert content["summary"][0]["failures"] == {"timeout": 1, "grasp_slip": 1}
    assert [t["placement"] for t in content["trials"]] == [t.placement for t in trials]
    assert {"commit", "packages", "machine"} <= set(content["provenance"])
    assert content["settings"]["speed"] == "lockstep"
    assert not list(tmp_path.glob("*.partial"))
