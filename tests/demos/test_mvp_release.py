"""Demonstrations of the MVP release become episodes."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mvp_real.cli.main import main
from mvp_real.demos.reader import read_demonstration


def write_release(root: Path, steps: int = 12, **more: Any) -> None:
    """Two demonstrations as the release stores them; steps are numbered without leading zeros."""
    for demo in range(2):
        folder = root / f"demo_{demo}"
        folder.mkdir(parents=True)
        for step in range(steps):
            content = {
                "joint_positions": np.full(13, 0.01 * step + demo),
                "joint_velocites": np.zeros(13),
                "gripper_open": step < 6,
                "rgb_ego": np.full((48, 64, 3), 10 * step, dtype=np.uint8),
                "rgb_exo": np.full((24, 32, 3), 5 * step, dtype=np.uint8),
                **more,
            }
            (folder / f"{step}.pkl").write_bytes(pickle.dumps(content, protocol=4))


def test_steps_states_and_images(tmp_path: Path) -> None:
    write_release(tmp_path / "release")
    out = tmp_path / "set"
    assert main(["demos", "import", str(tmp_path / "release"), "--task", "pick", "--out", str(out)]) == 0
    assert sorted(path.name for path in out.glob("*.mcap")) == ["pick_demo_0.mcap", "pick_demo_1.mcap"]
    demo = read_demonstration(out / "pick_demo_1.mcap")
    assert len(demo) == 12
    np.testing.assert_allclose(demo.state[:, 0], 1 + 0.01 * np.arange(12))
    np.testing.assert_array_equal(demo.state[:, 7], [1] * 6 + [0] * 6)
    # The release learns from where the joints are one step later.
    np.testing.assert_allclose(demo.clean[:-1], demo.state[1:])
    assert [frame[0, 0, 0] for frame in demo.frames] == [10 * k for k in range(12)]
    assert [frame[0, 0, 0] for frame in demo.views["scene_camera"]] == [5 * k for k in range(12)]
    # Again: nothing to do.
    assert main(["demos", "import", str(tmp_path / "release"), "--task", "pick", "--out", str(out)]) == 0


class MakesFolder:
    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> Any:
        return os.mkdir, (self.path,)


def test_an_attack_is_refused_with_the_file_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_release(tmp_path / "release", gripper_open=MakesFolder(tmp_path / "made"))
    command = ["demos", "import", str(tmp_path / "release"), "--task", "pick", "--out", str(tmp_path / "set")]
    assert main(command) == 2
    error = capsys.readouterr().err
    assert "0.pkl" in error
    assert "mkdir" in error
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"joint_positions": np.zeros(3)}, "3 usable values"),
        ({"joint_positions": np.full(7, np.nan)}, "finite"),
        ({"rgb_ego": np.zeros((4, 4), np.uint8)}, "expected (H, W, 3)"),
    ],
)
def test_wrong_steps_are_named(
    more: dict[str, Any], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_release(tmp_path / "release", steps=2, **more)
    command = ["demos", "import", str(tmp_path / "release"), "--task", "pick", "--out", str(tmp_path / "set")]
    assert main(command) == 2
    assert message in capsys.readouterr().err
    assert list((tmp_path / "set").glob("*.mcap")) == []
