"""A run of `mvp_real train digit` becomes a bundle that the robot side accepts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mvp_real.bundle import load_card
from mvp_real.cli.main import main
from mvp_real.control.locomotion.wiring import check_walking
from mvp_real.errors import MvpRealError
from mvp_real.inference.locomotion import LocomotionSession
from mvp_real.robots.digit import load_digit
from mvp_real.tasks.digit.config import WalkConfig
from mvp_real.tasks.digit.environment import WalkEnvironment
from mvp_real.training.export_walker import export_walker
from mvp_real.training.rl.trainer import PpoTrainer
from tests.training.rl.conftest import settings


def trained(out: Path, source: str, **more: Any) -> Path:
    environment = WalkEnvironment(WalkConfig(num_envs=4, threads=1))
    config = settings(
        environment={"num_envs": 4, "threads": 1},
        actor={"hidden": [16], "source": source, "symmetry": "phase"},
        ppo={"steps": 4, "epochs": 1, "minibatches": 1},
        iterations=1,
        **more,
    )
    try:
        PpoTrainer(environment, config, out).train()
    finally:
        environment.close()
    return out


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(tmp_path_factory.mktemp("walker") / "run", "observation")


def test_the_bundle_fits_the_robot_and_tells_how_it_was_made(run: Path, tmp_path: Path) -> None:
    card = export_walker(run, tmp_path / "walker", "mvp_real train digit --config x")
    assert load_card(tmp_path / "walker").walking == check_walking(card, load_digit())
    assert card.training["samples"] == 16
    assert card.training["settings"]["actor"]["symmetry"] == "phase"
    assert card.training["onnx_parity"] <= 1e-5
    assert any("mirrored robot" in sentence for sentence in card.deviations)
    action = LocomotionSession(tmp_path / "walker")(np.zeros((16, 102), np.float32), np.ones(16, np.float32))
    assert action.shape == (36,)


def test_the_card_tells_what_the_run_began_with(run: Path, tmp_path: Path) -> None:
    later = trained(tmp_path / "later", "observation", start_from=str(run))
    training = export_walker(later, tmp_path / "walker", "").training
    assert training["settings"]["start_from"] == str(run)
    assert training["started_from"]["samples"] == 16
    assert "started_from" not in training["started_from"]
    assert "settings: listed in card.yaml" in (tmp_path / "walker" / "README.md").read_text()


def test_figures_of_an_evaluation_go_into_the_card(run: Path, tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    row = {"subject": "walker", "metric": "survival", "k": 19, "n": 20}
    results.write_text(json.dumps({"command": "mvp_real evaluate digit_walk", "rows": [row]}))
    out = tmp_path / "walker"
    assert main(["export", "walker", "--run", str(run), "--results", str(results), "--out", str(out)]) == 0
    metric = load_card(out).metrics[0]
    assert (metric.k, metric.n, metric.command) == (19, 20, "mvp_real evaluate digit_walk")
    assert "19/20" in (out / "README.md").read_text()


def test_a_policy_on_the_state_cannot_be_exported(tmp_path: Path) -> None:
    with pytest.raises(MvpRealError, match="cannot run on a robot"):
        export_walker(trained(tmp_path / "teacher", "state"), tmp_path / "walker", "")


def test_a_bundle_is_no_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "walker", "--bundle", str(tmp_path), "--out", str(tmp_path / "x")]) == 2
    assert "export walker takes --run" in capsys.readouterr().err
