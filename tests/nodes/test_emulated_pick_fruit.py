"""The system pick_fruit on the emulated controller box: the episode's script cannot tell it from the simulator."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("xarm")
pytest.importorskip("pyrealsense2")

from mvp_real.demos.reader import read_demonstration
from mvp_real.resources import share_directory
from mvp_real.systems.graph import load_system
from mvp_real.systems.process import resolve

from ..own_domain import free_domain

pytestmark = [pytest.mark.nodes, pytest.mark.slow, pytest.mark.render]


def up(models: Path, out: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    pick = random.SystemRandom().randint
    address = f"127.{pick(1, 254)}.{pick(1, 254)}.{pick(2, 254)}"
    options = ["robot:=emulated", f"loopback:={address}", "video:=false", f"out:={out}", *arguments]
    return subprocess.run(
        [sys.executable, "-m", "mvp_real", "up", "pick_fruit", *options],
        env={**os.environ, "ROS_DOMAIN_ID": str(free_domain()), "MVP_REAL_MODELS": str(models)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_a_trial_runs_and_is_recorded(models: Path, tmp_path: Path) -> None:
    pytest.importorskip("mcap_ros2")
    done = up(models, tmp_path, "bundle:=turn", "placements:=1", f"record:={tmp_path / 'mcap'}")
    assert done.returncode == 0, done.stdout
    (trial,) = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["trials"]
    if trial["category"] == "stale_input":
        pytest.skip(f"this machine was too busy for real time: {trial['reason']}")
    assert (trial["category"], trial["steps"], trial["through"]) == ("timeout", 60, "nodes"), trial
    assert trial["duration"] == pytest.approx(12.0, abs=0.5)
    demonstration = read_demonstration(tmp_path / "mcap" / "turn_plain_evaluation-00.mcap")
    assert demonstration.complete
    turned = demonstration.executed[-1, 6] - demonstration.executed[0, 6]
    assert turned > 0.3, "sixty steps of 0.03 rad, less what the servo lags and what was held"
    assert np.all(np.isfinite(demonstration.executed))


def test_the_shipped_policy_picks_a_fruit(tmp_path: Path) -> None:
    models = share_directory() / "models"
    if not (models / "pick_fruit").is_dir():
        pytest.skip("the shipped bundles are not here")
    done = up(models, tmp_path, "placements:=15,")
    if "are allowed" in done.stdout or "is allowed" in done.stdout:
        pytest.skip("this machine is too busy for the encoder")
    assert done.returncode == 0, done.stdout
    (trial,) = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["trials"]
    if trial["category"] == "stale_input":
        pytest.skip(f"this machine was too busy for real time: {trial['reason']}")
    assert trial["success"], done.stdout


def test_the_real_arm_gets_the_same_graph_without_a_room_around_it() -> None:
    system = load_system("pick_fruit")
    nodes = {p.name: p for p in resolve(system, system.values({"robot": "xarm7", "ip": "192.168.1.213"}))}
    assert set(nodes) == {"arm", "camera", "encoder", "controller"}
    assert nodes["arm"].parameters["ip"] == "192.168.1.213"
    assert nodes["camera"].parameters["source"] == "realsense"
    assert not any("use_sim_time" in node.parameters for node in nodes.values())
    emulated = {p.name: p for p in resolve(system, system.values({"robot": "emulated"}))}
    assert set(emulated) == {*nodes, "emulated_world", "episode"}
    for name in ("encoder", "controller"):
        assert emulated[name].parameters == nodes[name].parameters
