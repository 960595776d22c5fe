"""`mvp_real train digit` trains, refuses to overwrite, goes on, and distils, on four robots."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from mvp_real.cli.main import main

SETTINGS = {
    "environment": {"num_envs": 4, "joint_friction": False},
    "ppo": {"steps": 4, "epochs": 1, "minibatches": 1},
    "actor": {"source": "state", "hidden": [16], "symmetry": "phase"},
    "critic": {"hidden": [16]},
    "iterations": 1,
}


def write(folder: Path, **changes: object) -> str:
    path = folder / "run.yaml"
    path.write_text(yaml.safe_dump({**SETTINGS, **changes}))
    return str(path)


def test_a_teacher_and_its_student(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    teacher, student = str(tmp_path / "teacher"), str(tmp_path / "student")
    assert main(["train", "digit", "--config", write(tmp_path), "--out", teacher]) == 0
    assert main(["train", "digit", "--config", write(tmp_path), "--out", teacher]) == 2
    assert "resume it, or choose another folder" in capsys.readouterr().err
    longer = write(tmp_path, iterations=2)
    assert main(["train", "digit", "--config", longer, "--out", teacher, "--resume"]) == 0
    rows = [json.loads(line) for line in (tmp_path / "teacher" / "log.jsonl").read_text().splitlines()]
    assert [(row["iteration"], row["samples"]) for row in rows] == [(1, 16), (2, 32)]
    distilling = write(
        tmp_path,
        actor={"source": "tokens", "size": "tiny", "symmetry": "phase"},
        distillation={"teacher": teacher, "steps": 4, "updates": 1, "batch": 4},
    )
    assert main(["train", "digit", "--config", distilling, "--out", student]) == 0
    assert (tmp_path / "student" / "model.safetensors").is_file()


def test_a_setting_that_does_not_exist_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = write(tmp_path, environment={"num_env": 4})
    assert main(["train", "digit", "--config", wrong, "--out", str(tmp_path / "run")]) == 2
    assert "did you mean num_envs" in capsys.readouterr().err
