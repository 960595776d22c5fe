"""A bundle that was trained on another robot refuses to start, and says what differs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mvp_real.bundle import BundleError, load_card
from mvp_real.bundle_writer import save_card
from mvp_real.control.locomotion.wiring import check_walking, walking_of
from mvp_real.robots.digit import load_digit

from .walking_card import walking_card

TABLE = load_digit()
OWN = walking_of(TABLE)


def test_the_robots_own_card_fits_also_after_a_round_trip(tmp_path: Path) -> None:
    save_card(walking_card(), tmp_path)
    card = load_card(tmp_path)
    assert card == walking_card()
    assert check_walking(card, TABLE) == OWN
    assert "0.02 s, window of 16 tokens" in (tmp_path / "README.md").read_text()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"motors": OWN.motors[::-1]}, r"motors\[0\] right_elbow, the robot description has left_hip_roll"),
        ({"motors": OWN.motors[:12]}, "motors has 12 entries, the robot 20"),
        ({"gain_motors": OWN.gain_motors[::-1]}, r"gain_motors\[0\] right_knee"),
        ({"observed_joints": (*OWN.observed_joints[1:], "x")}, r"observed_joints\[0\] left_hip_yaw"),
        (
            {"default_pose": (0.3, *OWN.default_pose[1:])},
            r"default_pose\[0\] 0\.3, the robot description has 0\.3287",
        ),
        ({"default_joints": (0.0, *OWN.default_joints[1:])}, r"default_joints\[0\] 0\.0"),
        ({"kp": (81.0, *OWN.kp[1:])}, r"kp\[0\] 81\.0"),
        ({"kd": (*OWN.kd[:-1], 1.0)}, r"kd\[19\] 1\.0"),
        ({"target_upper": (0.9, *OWN.target_upper[1:])}, r"target_upper\[0\] 0\.9"),
        ({"target_speed": (1.0, *OWN.target_speed[1:])}, r"target_speed\[0\] 1\.0"),
        ({"target_scale": 0.25}, r"target_scale 0\.25"),
        ({"gain_range": (0.5, 2.0)}, r"gain_range\[1\] 2\.0"),
        ({"control_period": 0.01}, r"control_period 0\.01"),
        ({"window": 32}, "window 32"),
        ({"gait_period": 8.0}, r"gait_period is 8\.0 s"),
    ],
)
def test_what_differs_is_named(change: dict[str, object], message: str) -> None:
    with pytest.raises(BundleError, match=message):
        check_walking(walking_card(replace(OWN, **change)), TABLE)  # type: ignore[arg-type]


def test_the_gait_period_is_the_policys_own() -> None:
    assert check_walking(walking_card(replace(OWN, gait_period=0.7)), TABLE).gait_period == 0.7


def test_another_robot_or_shape_is_refused() -> None:
    with pytest.raises(BundleError, match="for robot 'cassie'"):
        check_walking(walking_card(robot="cassie"), TABLE)
    with pytest.raises(BundleError, match=r"tokens has shape \(16, 66\); needs \(16, 102\)"):
        check_walking(walking_card(tokens=(16, 66)), TABLE)


def test_a_card_of_another_kind_is_refused() -> None:
    with pytest.raises(BundleError, match="lacks 'walking'"):
        replace(walking_card(), walking=None)
