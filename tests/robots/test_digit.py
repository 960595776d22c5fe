"""Facts of Digit and their mirror image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from mvp_real.errors import MvpRealError
from mvp_real.resources import config_file
from mvp_real.robots.digit import load_digit, mirror_order, read_digit
from mvp_real.robots.table import load_robot


def edited(tmp_path: Path, **changes: Any) -> Path:
    document = yaml.safe_load(config_file("robots/digit.yaml").read_text())
    for key, value in changes.items():
        document[key] = value
    path = tmp_path / "digit.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


def test_motors_are_in_the_order_of_the_low_level_interface() -> None:
    table = load_digit()
    leg = ("hip_roll", "hip_yaw", "hip_pitch", "knee", "toe_A", "toe_B")
    arm = ("shoulder_roll", "shoulder_pitch", "shoulder_yaw", "elbow")
    assert table.motors == tuple(
        f"{side}_{part}" for limb in (leg, arm) for side in ("left", "right") for part in limb
    )
    assert table.torque_limit[table.motor("right_knee")] == 231.3
    assert table.speed_limit[table.motor("right_elbow")] == 4.58
    assert table.kp[table.motor("left_toe_B")] == 40.0


def test_the_policy_sees_sixteen_motors_and_ten_joints_and_sets_eight_gains() -> None:
    table = load_digit()
    assert len(table.observed_joints) == 26
    assert not any("toe_A" in name or "toe_B" in name for name in table.observed_joints)
    assert len(table.gain_indices) == 8
    assert len(table.toe_indices) == 4
    assert not set(table.gain_indices) & set(table.toe_indices)


def test_targets_of_arms_keep_the_margin_and_those_of_legs_may_lead_the_joint() -> None:
    table = load_digit()
    elbow, knee = table.motor("left_elbow"), table.motor("right_knee")
    assert table.target_upper[elbow] == table.upper[elbow] - 0.05
    assert table.target_lower[knee] == table.lower[knee] - 0.5
    # On one leg the knee carries about 130 Nm from its default angle.
    assert abs(table.target_lower[knee] - table.default_pose[knee]) * table.kp[knee] > 130.0
    assert table.target_speed[knee] == 2.0 * 8.51


def test_the_right_side_is_the_negative_of_the_left() -> None:
    table = load_digit()
    order = mirror_order(table.motors)
    np.testing.assert_allclose(table.default_pose, -table.default_pose[order])
    np.testing.assert_allclose(table.lower, -table.upper[order])
    np.testing.assert_allclose(table.torque_limit, table.torque_limit[order])
    joints = mirror_order(table.joints)
    np.testing.assert_allclose(table.joint_default, -table.joint_default[joints])
    np.testing.assert_allclose(table.joint_lower, -table.joint_upper[joints])


def test_mirroring_needs_both_sides() -> None:
    with pytest.raises(MvpRealError, match="right_knee"):
        mirror_order(("left_knee", "left_hip_yaw"))
    with pytest.raises(MvpRealError, match="left_ or right_"):
        mirror_order(("waist",))


def test_an_arm_is_not_looked_for_in_the_file_of_a_humanoid() -> None:
    with pytest.raises(MvpRealError, match=r"unknown robot 'digit'.*xarm7"):
        load_robot("digit")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"legs": 1}, "unknown key .* 'legs'; did you mean leg"),
        ({"passive": {"shin": [1.0]}}, "passive.shin is .* needs 3 finite numbers"),
        ({"gain_motors": ["kne"]}, "'kne'; did you mean knee"),
        ({"gain_range": [1.2, 1.5]}, "gain_range"),
        ({"position_margin": 1.0}, "default pose of left_hip_roll"),
        ({"control_period": 0.0}, "control period"),
    ],
)
def test_a_wrong_file_is_refused_with_key_and_value(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(MvpRealError, match=message):
        read_digit(edited(tmp_path, **changes))
