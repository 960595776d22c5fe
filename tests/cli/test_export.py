"""`mvp_real export`: its three sources, and the errors a user can make."""

from __future__ import annotations

from pathlib import Path

import pytest

from mvp_real.bundle import load_card
from mvp_real.cli.main import main


def test_a_baseline_becomes_a_bundle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "encoder", "--baseline", "raw_patches", "--out", str(tmp_path / "raw")]) == 0
    assert load_card(tmp_path / "raw").tensor("tokens").shape == (145, 192)
    assert "encoder bundle 'raw'" in capsys.readouterr().out


def test_released_weights_must_be_given(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "encoder", "--released", "vits-mae-hoi", "--out", str(tmp_path / "x")]) == 2
    assert "needs --weights" in capsys.readouterr().err


def test_a_folder_without_a_run_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "encoder", "--run", str(tmp_path), "--out", str(tmp_path / "x")]) == 2
    assert "there is no checkpoint in" in capsys.readouterr().err


def test_exactly_one_source(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        main(["export", "encoder", "--out", str(tmp_path)])
