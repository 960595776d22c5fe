from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from mvp_real.errors import MvpRealError
from mvp_real.evaluation.study import StudyError, label
from mvp_real.evaluation.study_file import load_study, require_registered

STUDY = Path(__file__).parents[2] / "studies" / "pick_fruit" / "study.yaml"


def edited(tmp_path: Path, edit: Any) -> Path:
    """A copy of the study with one edit of its document."""
    document = yaml.safe_load(STUDY.read_text())
    edit(document)
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


def test_the_registered_study_holds_every_row_that_the_thesis_asks_for() -> None:
    study = load_study(STUDY)
    assert study.digest == hashlib.sha256(STUDY.read_bytes()).hexdigest()
    assert set(study.blocks["held_out"].subjects) == set(study.subjects)
    assert study.blocks["held_out"].through == "nodes"
    assert study.blocks["held_out"].seeds == (1,)
    assert study.blocks["held_out_seed2"].seeds == (2,)
    assert study.blocks["held_out"].scenes == ("varied", "plain")
    assert [claim.name for claim in study.claims if claim.primary] == ["pretraining_helps"]
    assert study.blocks["key_rows_varied"].placement_set == "random-900000"
    assert study.blocks["held_out"].placement_set == "evaluation"
    assert label("mae", 2) == "mae_seed2"


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda d: d["blocks"][0].update(subjects=["mea"]), "did you mean mae"),
        (lambda d: d["blocks"][0].update(scenes=["plane"]), "did you mean plain"),
        (lambda d: d["blocks"][0].update(through="node"), "did you mean nodes"),
        (lambda d: d["claims"][0].update(kind="beat"), "did you mean beats"),
        (lambda d: d["claims"][0].update(block="held"), "did you mean held_out"),
        (lambda d: d["claims"][0]["rule"].pop("alpha"), "missing \\['alpha'\\]"),
        (lambda d: d["claims"][0]["rule"].update(alhpa=0.1), "unknown \\['alhpa'\\]"),
        (lambda d: d["claims"][0]["rule"].update(first="oracle"), "unknown subject"),
        (lambda d: d.pop("question"), "question"),
        (lambda d: d["subjects"][0].update(colour="red"), "colour"),
    ],
)
def test_a_study_that_contradicts_itself_is_refused(tmp_path: Path, edit: Any, message: str) -> None:
    with pytest.raises(MvpRealError, match=message):
        load_study(edited(tmp_path, edit))


def test_a_study_must_be_committed_as_it_stands(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
        subprocess.run(["git", "-C", str(tmp_path), *identity, *arguments], check=True, capture_output=True)

    git("init")
    path = edited(tmp_path, lambda document: None)
    with pytest.raises(StudyError, match="not committed"):
        require_registered(load_study(path))
    git("add", "study.yaml")
    with pytest.raises(StudyError, match="not committed"):
        require_registered(load_study(path))
    git("commit", "-m", "register")
    require_registered(load_study(path))
    path.write_text(path.read_text() + "# one more thought\n")
    with pytest.raises(StudyError, match="git commit"):
        require_registered(load_study(path))


def test_a_missing_study_is_named(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="no study file"):
        load_study(tmp_path / "study.yaml")
