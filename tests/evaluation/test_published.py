"""A study goes on from its committed results where its trial log is gone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mvp_real.evaluation.git import git as repository
from mvp_real.evaluation.protocol import Deadline
from mvp_real.evaluation.published import published_rows
from mvp_real.evaluation.study import StudyError
from mvp_real.evaluation.study_file import load_study
from mvp_real.evaluation.study_results import placements_of
from mvp_real.evaluation.trials import TrialLog
from mvp_real.evaluation.verdict import decide

from .constant_controller import constant_controller
from .test_study_run import Bench, Outcomes, bench, git

__all__ = ["bench"]
STUDY = Path(__file__).parents[2] / "studies" / "pick_fruit" / "study.yaml"


def published(bench: Bench) -> dict[str, Any]:
    """Commit the results of a run, lose its trial log and give the results as published."""
    home = bench.study.path.parent
    git(home, "add", "results.json")
    git(home, "commit", "-m", "publish")
    shutil.rmtree(bench.work)
    document: dict[str, Any] = json.loads((home / "results.json").read_text())
    return document


def without_origin(document: dict[str, Any]) -> list[dict[str, Any]]:
    rows = [{key: value for key, value in row.items() if key != "measured"} for row in document["rows"]]
    return sorted(rows, key=lambda row: (row["subject"], row["metric"]))


def test_published_rows_stand_without_log_and_without_bundles(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.run()
    before = published(bench)
    monkeypatch.setattr(Outcomes, "stop_after", 0)  # any trial would end the run
    shutil.rmtree(tmp_path / "models")
    (tmp_path / "models").mkdir()
    result = bench.run()
    after = json.loads(result.results.read_text())
    assert result.report.complete
    assert after["notes"] == []
    assert without_origin(after) == without_origin(before)
    for name in ("comparisons", "verdicts", "subjects", "finished_trials"):
        assert after[name] == before[name]
    origin = f"commit {before['provenance']['commit']}"
    assert all(row["measured"].startswith(origin) for row in after["rows"] if "outcomes" in row)
    assert f"of these 96 trials as published before, measured at {origin}" in result.markdown.read_text()
    # Published again they still say where they were measured.
    published(bench)
    again = json.loads(bench.run().results.read_text())
    assert again["rows"] == after["rows"]


def test_only_rows_that_were_not_published_are_run(bench: Bench, tmp_path: Path) -> None:
    models = tmp_path / "models"
    for scene in ("plain", "varied"):
        (models / f"bad_{scene}_seed2").rename(tmp_path / f"bad_{scene}_seed2")
    assert not bench.run().report.complete
    published(bench)
    for scene in ("plain", "varied"):
        (tmp_path / f"bad_{scene}_seed2").rename(models / f"bad_{scene}_seed2")
    result = bench.run()
    assert result.report.complete
    assert [verdict.answer for verdict in result.verdicts] == ["supported"]
    assert {trial.subject for trial in TrialLog(bench.work).trials} == {"bad_seed2"}
    document = json.loads(result.results.read_text())
    assert {row["subject"] for row in document["rows"] if "measured" in row} == {
        "good_seed1",
        "good_seed2",
        "bad_seed1",
    }
    assert {note["label"] for note in document["subjects"]} == {
        "good_seed1",
        "good_seed2",
        "bad_seed1",
        "bad_seed2",
    }


def test_a_log_says_more_than_published_results(bench: Bench) -> None:
    bench.run()
    git(bench.study.path.parent, "add", "results.json")
    git(bench.study.path.parent, "commit", "-m", "publish")
    result = bench.run()
    assert result.report.published == []
    assert len(result.report.trials) == 96


def test_results_that_nobody_committed_are_not_taken_up(bench: Bench) -> None:
    bench.run()
    assert published_rows(bench.study) == []


def test_an_incomplete_row_is_run_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Outcomes, "stop_after", 10)
    with pytest.raises(KeyboardInterrupt):
        bench.run()
    published(bench)
    assert published_rows(bench.study) == []
    monkeypatch.setattr(Outcomes, "stop_after", None)
    assert len(bench.run().report.trials) == 96


def test_rows_of_one_subject_come_from_one_file(bench: Bench, tmp_path: Path) -> None:
    bench.run()
    home = bench.study.path.parent
    document = json.loads((home / "results.json").read_text())
    document["subjects"] = [
        {**note, "bundle": note["bundle"].replace("varied", "plain")} for note in document["subjects"]
    ]
    # One bundle for both scenes, one scene published.
    document["rows"] = [row for row in document["rows"] if "varied" not in row["metric"]]
    (home / "results.json").write_text(json.dumps(document))
    published(bench)
    subjects = {
        name: replace(subject, bundle=f"{name}_plain_seed{{seed}}")
        for name, subject in bench.study.subjects.items()
    }
    study = replace(bench.study, subjects=subjects)
    shutil.rmtree(tmp_path / "models" / "bad_plain_seed2")
    constant_controller(tmp_path / "models" / "bad_plain_seed2", [0.7] * 8)
    with pytest.raises(
        StudyError, match=r"'bad_seed2' were published with the file .* 'bad_plain_seed2' is now"
    ):
        Bench(study, bench.work).run(Deadline.after(0.0))


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda d: d.update(study_sha256="0" * 64), "another version"),
        (lambda d: d["rows"][0].update(k=3), "contradicts its outcomes"),
        (lambda d: d["rows"][0].update(outcomes="x" * 12), "contradicts its outcomes"),
        (lambda d: d.pop("provenance"), "provenance"),
        (lambda d: d["subjects"].clear(), "cannot be read"),
    ],
)
def test_results_that_cannot_be_trusted_are_refused(
    bench: Bench, edit: Callable[[dict[str, Any]], None], message: str
) -> None:
    bench.run()
    path = bench.study.path.parent / "results.json"
    document = json.loads(path.read_text())
    edit(document)
    path.write_text(json.dumps(document))
    published(bench)
    with pytest.raises(StudyError, match=message):
        bench.run()


def test_the_shipped_results_decide_as_published() -> None:
    study = load_study(STUDY)
    committed = repository(STUDY.parent, "show", "HEAD:./results.json")
    if committed is None:
        pytest.skip("not in a git checkout")
    document = json.loads(committed)
    rows = published_rows(study)
    assert sum(row.success.rate.n for row in rows) == document["finished_trials"]
    trials = [trial for row in rows for trial in row.trials()]
    for claim, verdict in zip(study.claims, document["verdicts"], strict=True):
        found = decide(claim, study, trials, placements_of(study.blocks[claim.block]))
        assert (found.answer, found.complete) == (verdict["answer"], verdict["complete"])
        assert json.loads(json.dumps(found.evidence)) == verdict["evidence"]
