from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from mvp_real.errors import MvpRealError
from mvp_real.evaluation import rollout
from mvp_real.evaluation.protocol import Deadline, Trial
from mvp_real.evaluation.study import Study, StudyError
from mvp_real.evaluation.study_file import load_study
from mvp_real.evaluation.study_run import StudyResult, run_study
from mvp_real.evaluation.trials import TrialLog, TrialRecord

from .constant_controller import constant_controller
from .trial_fixture import trial as record_of

SUBJECTS = ("good", "bad")


def document() -> dict[str, object]:
    return {
        "name": "tiny",
        "title": "Is good better than bad?",
        "question": "Is it?",
        "training_seeds": [1, 2],
        "placement_seed": 50,
        "subjects": [
            {"name": n, "bundle": n + "_{scene}_seed{seed}", "about": f"The {n} one."} for n in SUBJECTS
        ],
        "blocks": [
            {
                "name": "rows",
                "through": "process",
                "scenes": ["plain", "varied"],
                "placements": "random:12",
                "subjects": "all",
            }
        ],
        "claims": [
            {
                "name": "good_beats_bad",
                "kind": "beats",
                "primary": True,
                "statement": "Good beats bad.",
                "block": "rows",
                "rule": {"scene": "plain", "first": "good", "others": ["bad"], "alpha": 0.05, "margin": 0.05},
            }
        ],
    }


@dataclass(frozen=True)
class Bench:
    """A registered study with bundles."""

    study: Study
    work: Path

    def run(self, deadline: Deadline | None = None) -> StudyResult:
        return run_study(self.study, self.work, deadline or Deadline(), 1, (), no_bar)


def no_bar(total: int, done: Sequence[TrialRecord]) -> AbstractContextManager[Callable[[TrialRecord], None]]:
    return nullcontext(lambda record: None)


class Outcomes:
    """Stands in for the simulation: "good" succeeds, "bad" fails. Stops the run on request."""

    stop_after: int | None = None

    def __init__(self, clips: Path | None) -> None:
        assert clips is None

    def run(self, trial: Trial) -> TrialRecord:
        if Outcomes.stop_after is not None:
            if Outcomes.stop_after == 0:
                raise KeyboardInterrupt
            Outcomes.stop_after -= 1
        return record_of(
            trial.subject.label,
            success=trial.subject.label.startswith("good"),
            scene=trial.setup.setup.scene,
            placement=trial.setup.name,
            bundle=trial.subject.bundle,
            digest=trial.subject.digest,
        )

    def close(self) -> None:
        pass


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    for name in SUBJECTS:
        for scene in ("plain", "varied"):
            for seed in (1, 2):
                constant_controller(tmp_path / "models" / f"{name}_{scene}_seed{seed}", [0.1 * seed] * 8)
    monkeypatch.setenv("MVP_REAL_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(rollout, "Rollout", Outcomes)
    monkeypatch.setattr(Outcomes, "stop_after", None)
    home = tmp_path / "home"
    home.mkdir()
    (home / "study.yaml").write_text(yaml.safe_dump(document()))
    git(home, "init")
    git(home, "add", ".")
    git(home, "commit", "-m", "register")
    return Bench(load_study(home / "study.yaml"), tmp_path / "work")


def test_a_whole_study(bench: Bench) -> None:
    result = bench.run()
    assert result.report.complete
    assert [verdict.answer for verdict in result.verdicts] == ["supported"]
    home = bench.study.path.parent
    document = json.loads((home / "results.json").read_text())
    assert document["study_sha256"] == bench.study.digest
    assert document["finished_trials"] == 2 * 2 * 12 * 2
    rows = {(row["subject"], row["metric"]): row for row in document["rows"]}
    good = rows[("good_seed2", "success_varied_random-50_process")]
    assert (good["k"], good["n"], good["seeds"], good["outcomes"]) == (12, 12, [2], "1" * 12)
    assert rows[("good_beats_bad", "verdict")]["verdict"] == "supported"
    text = (home / "report.md").read_text()
    assert "**supported**" in text
    assert bench.study.digest in text
    assert "12/12" in text
    for figure in ("success_random_process.png", "good_beats_bad.png"):
        assert (home / figure).stat().st_size > 5000
        assert figure in text
    assert (bench.work / "report.html").is_file()


def test_an_interrupted_study_reports_honestly_and_goes_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Outcomes, "stop_after", 10)
    with pytest.raises(KeyboardInterrupt):
        bench.run()
    text = (bench.study.path.parent / "report.md").read_text()
    assert "rows: 10 of 96 planned trials." in text
    assert "**inconclusive**" in text
    done = TrialLog(bench.work).trials
    assert {t.scene for t in done} == {"plain"}
    assert [t.subject for t in done[:4]] == ["good_seed1", "bad_seed1", "good_seed2", "bad_seed2"]
    monkeypatch.setattr(Outcomes, "stop_after", None)
    assert bench.run().report.complete


def test_without_time_only_the_report_is_written(bench: Bench) -> None:
    result = bench.run(Deadline.after(0.0))
    assert not result.report.complete
    assert result.report.trials == []
    assert result.markdown.is_file()


def test_deviations_written_down_beside_a_study_are_in_its_report(bench: Bench) -> None:
    (bench.study.path.parent / "deviations.md").write_text("- One trial was run twice.\n")
    text = bench.run(Deadline.after(0.0)).markdown.read_text()
    assert "## Deviations from the protocol\n\n- One trial was run twice.\n\n## How it was made" in text


def test_missing_bundles_are_named_and_decide_nothing(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "models" / "bad_plain_seed2").rename(tmp_path / "models" / "elsewhere")
    monkeypatch.setenv("MVP_REAL_MODELS", str(tmp_path / "models"))
    result = bench.run()
    assert "bad_plain_seed2" in result.report.notes[0]
    assert result.verdicts[0].answer == "inconclusive"
    assert not result.verdicts[0].complete


def test_an_altered_bundle_stops_the_study(bench: Bench, tmp_path: Path) -> None:
    with (tmp_path / "models" / "bad_plain_seed2" / "model.onnx").open("ab") as stream:
        stream.write(b"\0")
    with pytest.raises(MvpRealError, match="digest"):
        bench.run()


def test_a_study_is_not_changed_after_its_first_trial(bench: Bench) -> None:
    bench.run()
    home = bench.study.path.parent
    path = home / "study.yaml"
    path.write_text(path.read_text().replace("0.05", "0.5"))
    with pytest.raises(StudyError, match="not committed"):
        run_study(load_study(path), bench.work, Deadline(), 1, (), no_bar)
    git(home, "commit", "-am", "change my mind")
    with pytest.raises(StudyError, match="another version"):
        run_study(load_study(path), bench.work, Deadline(), 1, (), no_bar)
