from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from mvp_real.errors import MvpRealError
from mvp_real.evaluation.locomotion import digit_walk
from mvp_real.evaluation.locomotion.condition import Condition
from mvp_real.evaluation.locomotion.trajectory import Trajectory
from mvp_real.evaluation.locomotion.walk_study import WalkStudy
from mvp_real.evaluation.locomotion.walk_study_file import load_walk_study
from mvp_real.evaluation.locomotion.walk_study_run import WalkStudyResult, run_walk_study
from mvp_real.evaluation.protocol import Deadline
from mvp_real.evaluation.study import StudyError
from tests.inference.walking_bundles import constant_bundle

from .synthetic import trajectory

REGISTERED = Path(__file__).parents[3] / "studies" / "digit_walk" / "study.yaml"


def document() -> dict[str, Any]:
    return {
        "task": "digit_walk",
        "name": "tiny",
        "title": "Is good better than bad?",
        "question": "Is it?",
        "robots": "validation",
        "trials": {"kicks": 8},
        "budget_minutes": 1,
        "subjects": [
            {"name": "good", "bundle": "good", "about": "Walks."},
            {"name": "bad", "bundle": "bad", "about": "Falls."},
            {"name": "shuffled", "bundle": "good", "history": "shuffled", "about": "Good without order."},
        ],
        "blocks": [
            {"name": "rows", "rows": ["forward_0.3", "kicks"], "subjects": ["good", "bad"]},
            {"name": "history", "rows": ["kicks"], "subjects": ["good", "shuffled"]},
        ],
        "claims": [
            {
                "name": "good_beats_bad",
                "kind": "beats",
                "primary": True,
                "statement": "Good beats bad.",
                "rule": {
                    "subject": "good",
                    "others": ["bad"],
                    "rows": ["forward_0.3"],
                    "alpha": 0.05,
                    "margin": 0.05,
                },
            },
            {
                "name": "good_walks",
                "kind": "at_least",
                "statement": "Good walks.",
                "rule": {"subject": "good", "rows": ["forward_0.3", "kicks"], "minimum": 1.0},
            },
        ],
    }


def no_bar(total: int, done: int) -> AbstractContextManager[Callable[[str, float], None]]:
    return nullcontext(lambda text, trials: None)


class Outcomes:
    """Stands in for the simulation: "good" walks, everything else falls after 4 s; may interrupt a run."""

    left: int | None = None
    rows: Sequence[str] = ()

    @staticmethod
    def run_row(condition: Condition, robots: Any, policy: Any, settling: float, *rest: Any) -> Trajectory:
        if Outcomes.left is not None:
            if Outcomes.left == 0:
                raise KeyboardInterrupt
            Outcomes.left -= 1
        walk = trajectory(seconds=condition.seconds, robots=condition.robots, settling=settling)
        walk.seeds[:] = condition.seeds
        walk.asked[:] = condition.command_array()
        tokens, mask = np.zeros((1, 16, 102), np.float32), np.ones((1, 16), np.float32)
        if policy._session.batch(tokens, mask)[0, 0] != 1.0 or policy._make_history.__name__ != "FullHistory":
            walk.end[:], walk.steps[:] = 1, 200
        return walk


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WalkStudy:
    for name, value in (("good", 1.0), ("bad", 0.0)):
        constant_bundle(tmp_path / "models" / name, np.full(36, value))
    monkeypatch.setenv("MVP_REAL_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(digit_walk, "run_row", Outcomes.run_row)
    monkeypatch.setattr(Outcomes, "left", None)
    home = tmp_path / "home"
    home.mkdir()
    (home / "study.yaml").write_text(yaml.safe_dump(document()))
    git(home, "init")
    git(home, "add", ".")
    git(home, "commit", "-m", "register")
    return load_walk_study(home / "study.yaml")


def run(study: WalkStudy, deadline: Deadline | None = None, only: Sequence[str] = ()) -> WalkStudyResult:
    return run_walk_study(study, study.path.parents[1] / "work", deadline or Deadline(), 1, only, no_bar)


def test_a_whole_study(study: WalkStudy) -> None:
    result = run(study)
    assert result.complete
    assert [verdict.answer for verdict in result.verdicts] == ["supported", "supported"]
    home = study.path.parent
    found = json.loads((home / "results.json").read_text())
    assert found["study_sha256"] == study.digest
    # Each policy and row once, though two blocks ask for "good" in the kicks.
    assert found["planned_trials"] == found["finished_trials"] == 2 * 20 + 2 * 8 + 8
    rows = {(row["subject"], row["metric"]): row for row in found["rows"]}
    assert (rows["good", "passed_forward_0.3"]["k"], rows["good", "passed_forward_0.3"]["n"]) == (20, 20)
    assert rows["shuffled", "passed_kicks"]["outcomes"] == "0" * 8
    assert rows["good_beats_bad", "verdict"]["verdict"] == "supported"
    text = (home / "report.md").read_text()
    assert "| **primary:** Good beats bad. | **supported** | complete |" in text
    assert study.digest in text
    for name in ("tilt_kicks_good.svg", "gait_bad.svg"):
        assert (home / name).is_file()
        assert f"({name})" in text
    assert (study.path.parents[1] / "work" / "report.html").is_file()


def test_an_interrupted_study_reports_honestly_and_goes_on(
    study: WalkStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Outcomes, "left", 1)
    with pytest.raises(KeyboardInterrupt):
        run(study)
    text = (study.path.parent / "report.md").read_text()
    assert "20 of 64 planned trials have been run." in text
    assert text.count("**inconclusive**") == 2
    monkeypatch.setattr(Outcomes, "left", 4)
    assert run(study).complete  # exactly the four rows that were left


def test_a_block_can_be_run_alone(study: WalkStudy) -> None:
    result = run(study, only=["history"])
    assert {(trial.subject, trial.row) for trial in result.report.trials} == {
        ("good", "kicks"),
        ("shuffled", "kicks"),
    }
    assert not result.complete
    with pytest.raises(MvpRealError, match="did you mean history"):
        run(study, only=["histori"])


def test_without_time_only_the_report_is_written(study: WalkStudy) -> None:
    result = run(study, Deadline.after(0.0))
    assert not result.complete
    assert result.markdown.is_file()


def test_missing_bundles_are_named_and_decide_nothing(study: WalkStudy, tmp_path: Path) -> None:
    (tmp_path / "models" / "bad").rename(tmp_path / "elsewhere")
    result = run(study)
    assert "bad" in result.report.notes[0]
    assert [verdict.answer for verdict in result.verdicts] == ["inconclusive", "supported"]


def test_another_file_under_an_old_name_is_refused(study: WalkStudy, tmp_path: Path) -> None:
    run(study, Deadline(), ["history"])
    constant_bundle(tmp_path / "models" / "good", np.full(36, 0.5))
    with pytest.raises(MvpRealError, match="holds trials of 'good'"):
        run(study)


def test_a_study_is_not_changed_after_its_first_trial(study: WalkStudy) -> None:
    run(study)
    path = study.path
    path.write_text(path.read_text().replace("0.05", "0.5"))
    with pytest.raises(StudyError, match="not committed"):
        run(load_walk_study(path))
    git(path.parent, "commit", "-am", "change my mind")
    with pytest.raises(StudyError, match="another version"):
        run(load_walk_study(path))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.pop("robots"), "'robots'"),
        (lambda d: d.update(robots="heldout"), "did you mean held_out"),
        (lambda d: d["trials"].update(kick=3), "did you mean kicks"),
        (lambda d: d["subjects"][2].update(history="mixed"), "history of 'shuffled'"),
        (lambda d: d["blocks"][0].update(rows=["kick"]), "did you mean kicks"),
        (lambda d: d["blocks"][0].update(subjects=["god"]), "did you mean good"),
        (lambda d: d["claims"][0].update(kind="beat"), "did you mean beats"),
        (lambda d: d["claims"][0]["rule"].pop("alpha"), r"missing \['alpha'\]"),
        (lambda d: d["claims"][0]["rule"].update(others=["shuffled"]), "which no block runs"),
    ],
)
def test_a_wrong_study_says_what(tmp_path: Path, change: Any, message: str) -> None:
    content = document()
    change(content)
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(MvpRealError, match=message):
        load_walk_study(path)


def test_the_registered_study_can_be_read() -> None:
    study = load_walk_study(REGISTERED)
    assert study.robots == "held_out"
    kinds = {claim.kind for claim in study.claims}
    assert {"at_least", "mean_at_most", "beats", "recovers", "arm_swing", "fastest"} <= kinds
    assert sum(claim.primary for claim in study.claims) == 3
    planned = study.planned()
    assert planned["transformer", "step_4cm"].robots == 25
    assert {subject for subject, _ in planned} == set(study.subjects)
