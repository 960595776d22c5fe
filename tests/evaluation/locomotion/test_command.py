"""The command from end to end, with policies that end at once."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mvp_real.cli.main import main
from tests.inference.walking_bundles import constant_bundle


def evaluate(*arguments: str) -> int:
    return main(["evaluate", *arguments])


@pytest.fixture
def bundles(tmp_path: Path) -> list[str]:
    """Two policies whose actions are no numbers: every robot ends after one step."""
    return [str(constant_bundle(tmp_path / name, np.full(36, np.nan))) for name in ("first", "second")]


def test_policies_are_compared_and_a_second_run_adds_nothing(
    bundles: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    command = [
        "digit_walk", "--bundle", bundles[0], "--bundle", bundles[1], "--bundle", f"{bundles[0]}:shuffled",
        "--rows", "step_4cm,uphill", "--clips", "none", "--threads", "1", "--out", str(out),
    ]  # fmt: skip
    assert evaluate(*command) == 0
    lines = (out / "trials.jsonl").read_text().splitlines()
    assert len(lines) == 3 * (5 + 10)
    # Policies take turns, and who comes first rotates.
    order = list(dict.fromkeys((json.loads(line)["row"], json.loads(line)["subject"]) for line in lines))
    assert [subject for row, subject in order if row == "step_4cm"] == ["first", "second", "first_shuffled"]
    assert [subject for row, subject in order if row == "uphill"] == ["second", "first_shuffled", "first"]
    document = json.loads((out / "results.json").read_text())
    assert document["complete"] is True
    assert document["robots"] == "validation"
    passed = {(row["subject"], row["metric"]): row for row in document["rows"]}
    assert passed["second", "passed_uphill"]["failures"] == {"diverged": 10}
    assert passed["second", "passed_uphill"]["verdict"] == "missed"
    assert len(document["comparisons"]) == 2 * 3
    for name in ("report.html", "report.md", "traces/first/uphill.npz"):
        assert (out / name).is_file()
    assert "0/10" in capsys.readouterr().out
    assert evaluate(*command) == 0
    assert (out / "trials.jsonl").read_text().splitlines() == lines


def test_the_budget_ends_a_run_with_its_own_code(bundles: list[str], tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    assert evaluate("digit_walk", "--bundle", bundles[0], "--budget", "0", "--out", out) == 3


def test_a_changed_policy_is_not_mixed_in(
    bundles: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [
        "digit_walk",
        "--bundle",
        bundles[0],
        "--rows",
        "step_4cm",
        "--clips",
        "none",
        "--out",
        str(tmp_path / "o"),
    ]
    assert evaluate(*command) == 0
    constant_bundle(Path(bundles[0]), np.full(36, np.inf))
    assert evaluate(*command) == 2
    assert "give another --out" in capsys.readouterr().err


@pytest.mark.render
def test_a_clip_shows_the_robot(tmp_path: Path) -> None:
    still = str(constant_bundle(tmp_path / "still", np.zeros(36)))
    out = tmp_path / "out"
    assert (
        evaluate("digit_walk", "--bundle", still, "--rows", "step_4cm", "--clips", "all", "--out", str(out))
        == 0
    )
    (clip,) = (out / "clips").iterdir()
    assert clip.name == "still_step_4cm_0.mp4"
    assert clip.stat().st_size > 2000
    assert "data:video/mp4" in (out / "report.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("digit_walk",), "reference_gait"),
        (("digit_wolk", "--bundle", "reference_gait"), "did you mean digit_walk"),
        (("digit_walk", "--bundle", "reference_gait", "--rows", "kick"), "did you mean kicks"),
        (("digit_walk", "--bundle", "reference_gait", "--robots", "held"), "did you mean held_out"),
        (("digit_walk", "--bundle", "reference_gait", "--clips", "some"), "unknown value of --clips"),
        (("digit_walk", "--bundle", "reference_gait", "--threads", "-1"), "--threads is -1"),
        (("digit_walk", "--bundle", "reference_gait", "--quick", "--rows", "kicks"), "--rows or --quick"),
        (("digit_walk", "--bundle", "reference_gait", "--scene", "varied"), "--scene belongs to pick_fruit"),
        (("pick_fruit", "--bundle", "expert", "--quick"), "--quick belongs to digit_walk"),
        (("--study", "gone.yaml"), "no study file"),
        (("digit_walk", "--study", "gone.yaml"), "without them"),
    ],
)
def test_wrong_input_names_the_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    assert evaluate(*arguments, "--out", str(tmp_path / "out")) == 2
    assert message in capsys.readouterr().err
