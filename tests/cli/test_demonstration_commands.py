"""`mvp_real record`, `replay` and `inspect` on the simulator."""

from __future__ import annotations

from pathlib import Path

import pytest

from mvp_real.cli.main import main
from mvp_real.demos.reader import read_demonstration
from mvp_real.errors import MvpRealError


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demos") / "plain"
    command = ["record", "--expert", "--scene", "plain", "--per-fruit", "1", "--fruit", "plum"]
    assert main([*command, "--out", str(folder)]) == 0
    return folder


@pytest.mark.render
def test_a_recording_holds_everything_a_policy_needs(recorded: Path) -> None:
    demonstration = read_demonstration(recorded / "plain_plum_00.mcap")
    assert demonstration.complete
    metadata = demonstration.metadata
    assert metadata["outcome"]["success"] is True
    assert metadata["setup"]["placement"]["fruit"] == "plum"
    assert len(metadata["robot_table_sha256"]) == 64
    assert metadata["calibration"]["width"] == 640
    assert demonstration.oracle is not None
    assert 15 <= len(demonstration) <= 60
    frames = list(demonstration.frames)
    assert frames[0].shape == (480, 640, 3)
    assert frames[0].std() > 10
    # Labels differ from what was executed where the perturbation struck.
    assert 0.001 < abs(demonstration.executed - demonstration.clean)[:, :7].max() < 0.2


@pytest.mark.render
def test_recording_again_goes_on_where_it_stopped(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torn = recorded / "plain_plum_01.partial.mcap"
    torn.write_bytes(b"torn")
    before = (recorded / "plain_plum_00.mcap").stat().st_mtime_ns
    command = ["record", "--expert", "--scene", "plain", "--per-fruit", "1", "--fruit", "plum"]
    assert main([*command, "--out", str(recorded)]) == 0
    assert (recorded / "plain_plum_00.mcap").stat().st_mtime_ns == before
    assert not torn.exists()
    assert "there already" in capsys.readouterr().out


@pytest.mark.render
def test_a_replay_reproduces_the_joint_path(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """mvp_real sheet, rule 15: within 0.01 rad RMS."""
    assert main(["demos", "replay", str(recorded / "plain_plum_00.mcap")]) == 0
    output = capsys.readouterr().out
    assert float(output.split("RMS ")[1].split()[0]) <= 0.01
    assert "fruit lifted" in output


@pytest.mark.render
def test_inspect_prints_a_row_and_draws_a_sheet(
    recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demos", "inspect", str(recorded / "plain_plum_00.mcap"), "--sheet", str(tmp_path)]) == 0
    output = capsys.readouterr().out
    assert "plain_plum_00" in output
    assert "1 success" in output
    assert (tmp_path / "plain_plum_00.png").stat().st_size > 20_000


def test_held_out_placements_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    from mvp_real.tasks.demonstrate import record_expert
    from mvp_real.tasks.pick_fruit import evaluation_setups, validation_setups

    for setup in (evaluation_setups("plain")[3], validation_setups("varied")[0]):
        with pytest.raises(MvpRealError, match=r"purpose|held-out"):
            record_expert(None, setup, tmp_path / "demo.mcap")  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["record", "--out", "x"], "--expert"),
        (["record", "--expert", "--out", "x", "--scene", "plane"], "plain"),
        (["record", "--expert", "--out", "x", "--fruit", "limes"], "lime"),
        (["record", "--expert", "--out", "x", "--task", "pick_fruits"], "pick_fruit"),
        (["demos", "inspect", "absent.mcap"], "absent.mcap"),
        (["demos", "replay", "absent.mcap"], "absent.mcap"),
    ],
)
def test_wrong_input_is_named(
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    assert message in capsys.readouterr().err
