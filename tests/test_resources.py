"""Finding files from a checkout, and errors that suggest the near names."""

from __future__ import annotations

from pathlib import Path

import pytest

from mvp_real import resources
from mvp_real.errors import MvpRealError, require, unknown_name


def test_config_files_are_found() -> None:
    assert resources.config_file("robots/xarm7.yaml").is_file()


def test_an_unknown_file_suggests_the_near_one() -> None:
    with pytest.raises(MvpRealError, match=r"did you mean robots/xarm7\.yaml"):
        resources.config_file("robots/xarm.yaml")


def test_bundles_of_the_environment_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "card.yaml").touch()
    monkeypatch.setenv("MVP_REAL_MODELS", str(tmp_path))
    assert resources.model_directory("mine") == tmp_path / "mine"
    assert resources.model_directory(str(tmp_path / "mine")) == tmp_path / "mine"
    with pytest.raises(MvpRealError, match="did you mean mine"):
        resources.model_directory("mien")


def test_unknown_name_lists_everything_when_nothing_is_near() -> None:
    assert "known: left, right" in str(unknown_name("hand", "xyz", ["right", "left"]))


def test_require_names_the_extra() -> None:
    with pytest.raises(MvpRealError, match=r"pip install 'mvp_real\[sim\]'"):
        require("no_such_package_at_all", "sim")
    assert require("json", "sim").__name__ == "json"
