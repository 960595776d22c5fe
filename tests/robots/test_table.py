"""The robot's facts and the errors of a wrong file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from mvp_real.errors import MvpRealError
from mvp_real.resources import config_file
from mvp_real.robots.table import RobotTableError, load_robot, read_robot


def edited(tmp_path: Path, **changes: object) -> Path:
    document = yaml.safe_load(config_file("robots/xarm7.yaml").read_text())
    for key, value in changes.items():
        if value is None:
            del document[key]
        else:
            document[key] = value
    path = tmp_path / "robot.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


def test_the_xarm7_has_the_limits_of_the_vendor() -> None:
    table = load_robot("xarm7")
    assert table.joint_names == (
        "joint1",
        "joint2",
        "joint3",
        "joint4",
        "joint5",
        "joint6",
        "joint7",
        "gripper",
    )
    expected = {
        "joint1": (-2 * np.pi, 2 * np.pi), "joint2": (-2.0595, 2.0944), "joint3": (-2 * np.pi, 2 * np.pi),
        "joint4": (-0.1920, 3.9270), "joint5": (-2 * np.pi, 2 * np.pi), "joint6": (-1.6930, np.pi),
        "joint7": (-2 * np.pi, 2 * np.pi), "gripper": (0.0, 1.0),
    }  # fmt: skip
    for name, low, high in zip(table.joint_names, table.lower, table.upper, strict=True):
        assert (low, high) == pytest.approx(expected[name], abs=1e-4)
    assert np.allclose(table.velocity_limit, 3.14)


def test_at_home_the_tool_points_down_inside_the_workspace() -> None:
    table = load_robot("xarm7")
    pose = table.tool_pose(table.home)
    assert np.allclose(pose[:3, 2], [0.0, 0.0, -1.0], atol=1e-3)
    assert np.all(pose[:3, 3] > table.workspace_lower)
    assert np.all(pose[:3, 3] < table.workspace_upper)
    assert table.home[-1] == 1.0


@pytest.mark.parametrize(("opening", "flag"), [(0.0, 0.0), (0.84, 0.0), (0.86, 1.0), (1.0, 1.0)])
def test_proprioception_holds_the_angles_and_the_open_flag(opening: float, flag: float) -> None:
    table = load_robot("xarm7")
    measured = np.append(np.linspace(-1, 1, 7), opening)
    state = table.proprioception(measured)
    assert np.array_equal(state[:7], measured[:7])
    assert state[7] == flag
    assert measured[7] == opening  # the reading itself is not touched


def test_an_unknown_robot_suggests_the_near_one() -> None:
    with pytest.raises(MvpRealError, match=r"unknown robot 'xarm8'; did you mean xarm7\?"):
        load_robot("xarm8")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"home": None}, "key 'home' is missing"),
        ({"max_stepp": 0.1}, "did you mean max_step"),
        ({"home": [0.0] * 7}, "needs a list of 8 numbers"),
        ({"home": [0, 2.06, 0, 1, 0, 1, 0, 1]}, "home of joint2 is 2.06"),
        ({"max_step": 0.0}, "greater than zero"),
        ({"max_step": "fast"}, "max_step is 'fast'; needs a finite number"),
        ({"max_step": float("nan")}, "max_step is nan"),
        ({"kinematics": "xarm6"}, "unknown kinematics 'xarm6'; did you mean xarm7"),
        ({"joint_names": ["a", "a"]}, "different names"),
        ({"workspace": {"lower": [0, 0, 0], "upper": [1, 1, 0]}}, "not below the upper"),
    ],
)
def test_a_wrong_file_names_the_key_and_the_value(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(MvpRealError, match=message):
        read_robot(edited(tmp_path, **changes))


def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "robot.yaml"
    path.write_text("- 1\n")
    with pytest.raises(RobotTableError, match="mapping"):
        read_robot(path)
