"""The whole system as a user starts it: trials, results, recording, video, the same commands every time."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mvp_real.demos.reader import read_demonstration
from mvp_real.evaluation.trials import TrialLog

from ..own_domain import free_domain

pytestmark = [pytest.mark.nodes, pytest.mark.slow, pytest.mark.render]


def demo(models: Path, out: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "mvp_real",
        "up",
        "pick_fruit",
        "speed:=lockstep",
        f"out:={out}",
        *arguments,
    ]
    environment = {**os.environ, "ROS_DOMAIN_ID": str(free_domain()), "MVP_REAL_MODELS": str(models)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)


def test_a_run_leaves_results_recording_video_and_still(models: Path, tmp_path: Path) -> None:
    pytest.importorskip("imageio_ffmpeg")
    pytest.importorskip("mcap_ros2")
    done = demo(models, tmp_path / "a", "bundle:=turn", "placements:=1", f"record:={tmp_path / 'mcap'}")
    assert done.returncode == 0, done.stdout
    assert "1/1  apple" in done.stdout
    assert "turn: 0/1 = 0.0 %" in done.stdout

    results = json.loads((tmp_path / "a" / "results.json").read_text(encoding="utf-8"))
    (trial,) = results["trials"]
    assert (trial["category"], trial["steps"], trial["through"]) == ("timeout", 60, "nodes")
    assert results["bundles"][0]["encoder"] == "means"

    demonstration = read_demonstration(tmp_path / "mcap" / "turn_plain_evaluation-00.mcap")
    assert demonstration.complete
    assert len(demonstration.stamps) >= 59
    turned = demonstration.executed[-1, 6] - demonstration.executed[0, 6]
    assert turned > 0.5, "sixty steps of 0.03 rad, less what the servo lags"

    import imageio_ffmpeg

    frames = imageio_ffmpeg.read_frames(str(tmp_path / "a" / "video.mp4"))
    size = next(frames)["size"]
    pictures = [np.frombuffer(frame, np.uint8).reshape(size[1], size[0], 3) for frame in frames]
    assert size == (960, 480)
    assert len(pictures) >= 55
    assert np.abs(pictures[5].astype(int) - pictures[50]).mean() > 0.5, "something moves"
    assert (tmp_path / "a" / "still.png").stat().st_size > 50_000

    # Again, without a video: bit for bit the same commands, because lock-step waits for every answer.
    again = demo(
        models,
        tmp_path / "b",
        "bundle:=turn",
        "placements:=1",
        f"record:={tmp_path / 'mcap2'}",
        "video:=false",
    )
    assert again.returncode == 0, again.stdout
    repeated = read_demonstration(tmp_path / "mcap2" / "turn_plain_evaluation-00.mcap")
    np.testing.assert_array_equal(repeated.executed, demonstration.executed)
    np.testing.assert_array_equal(repeated.state, demonstration.state)

    # And once more in the same folder: nothing is left to do, and trials of another scene do not count.
    log = TrialLog(tmp_path / "b")
    log.append(dataclasses.replace(log.trials[0], scene="varied"))
    resumed = demo(models, tmp_path / "b", "bundle:=turn", "placements:=1", "video:=false")
    assert resumed.returncode == 0
    assert "1 of 1 trials are in" in resumed.stdout


def test_two_bundles_take_turns_at_each_placement(models: Path, tmp_path: Path) -> None:
    done = demo(models, tmp_path, "bundle:=turn,nan", "placements:=2", "video:=false")
    assert done.returncode == 0, done.stdout
    trials = [json.loads(line) for line in (tmp_path / "trials.jsonl").read_text().splitlines()]
    order = [(t["subject"], t["placement"], t["order"]) for t in trials]
    assert order == [
        ("turn", "evaluation-00", 0), ("nan", "evaluation-00", 1),
        ("nan", "evaluation-01", 0), ("turn", "evaluation-01", 1),
    ]  # fmt: skip
    assert [t["category"] for t in trials if t["subject"] == "nan"] == ["stale_input"] * 2
    assert "action is not finite" in trials[1]["reason"]


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("placements:=evaluatoin", "did you mean evaluation"),
        ("speed:=fast", "speed is a number or 'lockstep'"),
    ],
)
def test_wrong_values_end_the_system_with_the_reason(
    models: Path, tmp_path: Path, argument: str, message: str
) -> None:
    command = [
        sys.executable,
        "-m",
        "mvp_real",
        "up",
        "pick_fruit",
        f"out:={tmp_path}",
        "bundle:=turn",
        argument,
    ]
    environment = {**os.environ, "ROS_DOMAIN_ID": str(free_domain()), "MVP_REAL_MODELS": str(models)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2
    assert message in done.stdout
    assert "Traceback" not in done.stdout
