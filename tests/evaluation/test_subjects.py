from __future__ import annotations

from pathlib import Path

import pytest

from mvp_real.bundle import BundleError
from mvp_real.errors import MvpRealError
from mvp_real.evaluation.subjects import load_subject, load_subjects

from .constant_controller import constant_controller

ZERO = [0.0] * 8


def test_a_bundle_carries_its_hash_and_its_encoder(tmp_path: Path) -> None:
    subject = load_subject(str(constant_controller(tmp_path / "still", ZERO)), label="still_seed1")
    assert subject.label == "still_seed1"
    assert subject.bundle == "still"
    assert subject.encoder is None
    note = subject.note()
    assert note.digest == subject.digest
    assert note.encoder == "oracle"
    assert note.about == "A constant action."


def test_an_altered_bundle_is_refused(tmp_path: Path) -> None:
    directory = constant_controller(tmp_path / "still", ZERO)
    with (directory / "model.onnx").open("ab") as stream:
        stream.write(b"\0")
    with pytest.raises(BundleError, match="digest"):
        load_subject(str(directory))


def test_unknown_bundles_suggest_near_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    constant_controller(tmp_path / "mae_plain_seed1", ZERO)
    monkeypatch.setenv("MVP_REAL_MODELS", str(tmp_path))
    assert load_subject("mae_plain_seed1").bundle == "mae_plain_seed1"
    with pytest.raises(MvpRealError, match="did you mean mae_plain_seed1"):
        load_subject("mae_plian_seed1")


def test_the_expert_needs_no_bundle() -> None:
    (expert,) = load_subjects(["expert"])
    assert expert.directory is None
    assert expert.note().bundle == "expert"


def test_a_table_needs_subjects_and_each_once(tmp_path: Path) -> None:
    directory = str(constant_controller(tmp_path / "still", ZERO))
    with pytest.raises(MvpRealError, match="--bundle"):
        load_subjects([])
    with pytest.raises(MvpRealError, match="'still'"):
        load_subjects([directory, directory])
