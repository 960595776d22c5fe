from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mvp_real.cli.main import main

from .constant_controller import constant_controller

# Ends after two ticks: an action that is no number.
NOT_A_NUMBER = [float("nan")] * 8


def evaluate(*arguments: str) -> int:
    return main(["evaluate", *arguments])


def test_two_bundles_are_compared_and_a_second_run_adds_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundles = [str(constant_controller(tmp_path / name, NOT_A_NUMBER)) for name in ("first", "second")]
    out = tmp_path / "out"
    command = [
        "pick_fruit", "--bundle", bundles[0], "--bundle", bundles[1], "--scene", "both",
        "--placements", "random:2", "--clips", "none", "--out", str(out),
    ]  # fmt: skip
    assert evaluate(*command) == 0
    lines = (out / "trials.jsonl").read_text().splitlines()
    assert len(lines) == 8
    document = json.loads((out / "results.json").read_text())
    assert document["complete"] is True
    assert {row["subject"] for row in document["rows"]} == {"first", "second"}
    assert all(row["failures"] == {"stale_input": 2} for row in document["rows"])
    assert [subject["digest"] for subject in document["subjects"]]
    assert (out / "report.html").is_file()
    assert "0/2" in capsys.readouterr().out
    assert evaluate(*command) == 0
    assert (out / "trials.jsonl").read_text().splitlines() == lines


def test_the_budget_ends_a_run_with_its_own_code(tmp_path: Path) -> None:
    bundle = str(constant_controller(tmp_path / "still", NOT_A_NUMBER))
    out = str(tmp_path / "out")
    assert evaluate("pick_fruit", "--bundle", bundle, "--budget", "0", "--out", out) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "what to evaluate"),
        (("pick_fuit", "--bundle", "expert"), "did you mean pick_fruit"),
        (("pick_fruit",), "--bundle"),
        (("pick_fruit", "--bundle", "expert", "--scene", "plane"), "did you mean plain"),
        (("pick_fruit", "--bundle", "expert", "--placements", "validatoin"), "did you mean validation"),
        (("pick_fruit", "--bundle", "expert", "--through", "node"), "did you mean nodes"),
        (("pick_fruit", "--bundle", "expert", "--clips", "some"), "unknown value of --clips"),
        (("pick_fruit", "--bundle", "expert", "--workers", "0"), "at least 1"),
        (("pick_fruit", "--bundle", "expert", "--through", "nodes"), "--through process"),
        (("--study", "gone.yaml"), "no study file"),
        (("pick_fruit", "--study", "gone.yaml"), "without them"),
    ],
)
def test_wrong_input_names_the_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    assert evaluate(*arguments, "--out", str(tmp_path / "out")) == 2
    assert message in capsys.readouterr().err


def test_help_names_the_default_set(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        evaluate("--help")
    text = " ".join(capsys.readouterr().out.split())
    assert "validation (default)" in text
    assert "held out" in text


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_a_run_with_its_report(tmp_path: Path, how: signal.Signals) -> None:
    """Also where the parent had told it to ignore interrupts, as a shell does for background jobs."""
    bundle = str(constant_controller(tmp_path / "still", [0.0] * 8))
    out = tmp_path / "out"
    command = [
        sys.executable,
        "-m",
        "mvp_real",
        "evaluate",
        "pick_fruit",
        "--bundle",
        bundle,
        "--clips",
        "none",
    ]
    process = subprocess.Popen(
        [*command, "--out", str(out)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    deadline = time.monotonic() + 120
    log = out / "trials.jsonl"
    while not (log.is_file() and b"\n" in log.read_bytes()) and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(how)
    assert process.wait(60) == 130
    document = json.loads((out / "results.json").read_text())
    assert document["complete"] is False
    assert document["finished_trials"] == len((out / "trials.jsonl").read_text().splitlines())
