"""The hand's facts, and that the one limiter takes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mvp_real.errors import MvpRealError
from mvp_real.messages import JointReading, JointTarget
from mvp_real.resources import config_file
from mvp_real.robots.allegro.table import load_hand, read_hand
from mvp_real.robots.homing import homing_targets
from mvp_real.robots.interpolation import TargetInterpolator
from mvp_real.robots.limits import Limits
from mvp_real.robots.safety import Limiter
from mvp_real.robots.verdict import DriverState

TABLE = load_hand("v4")


def test_ranges_and_gains_of_v4_are_the_published_ones() -> None:
    assert TABLE.range_lower[:4].tolist() == [-0.47, -0.196, -0.174, -0.227]
    assert TABLE.range_upper[4:8].tolist() == [0.47, 1.61, 1.709, 1.618]
    assert TABLE.range_lower[12:].tolist() == [0.263, -0.105, -0.189, -0.162]
    assert TABLE.range_upper[12:].tolist() == [1.396, 1.163, 1.644, 1.719]
    # The vendor's normalised unit is worth 0.7 Nm.
    assert np.allclose(TABLE.kp[:4], [0.35, 0.35, 0.35, 0.581])
    assert np.allclose(TABLE.torque_limit[12:], [0.3066, 0.2366, 0.1575, 0.1575])


def test_targets_stay_inside_what_the_joints_can_reach() -> None:
    limits = Limits.from_table(TABLE)
    assert np.allclose(limits.lower, TABLE.range_lower + 0.05)
    assert np.allclose(limits.upper, TABLE.range_upper - 0.05)


def reading(position: np.ndarray, stamp: float) -> JointReading:
    return JointReading(TABLE.joint_names, position, None, stamp)


def target(position: np.ndarray, stamp: float) -> JointTarget:
    return JointTarget(TABLE.joint_names, position, stamp, 0.2)


def test_the_limiter_takes_a_hand_and_limits_all_sixteen_joints() -> None:
    limiter = Limiter(Limits.from_table(TABLE))
    here = TABLE.home
    assert limiter.enable(reading(here, 1.0), 1.0).state is DriverState.RUNNING
    verdict = limiter.command(target(here + 0.29, 1.2), reading(here, 1.2), 1.2)
    assert verdict.position is not None
    assert verdict.position.shape == (16,)
    assert verdict.clamped
    assert np.allclose(verdict.position - here, 0.2)  # the last joint is no gripper


def test_a_hand_resting_on_its_stops_may_be_enabled_but_not_one_that_is_bent_back() -> None:
    limiter = Limiter(Limits.from_table(TABLE))
    resting = np.array(TABLE.range_lower) - 0.02
    assert limiter.enable(reading(resting, 1.0), 1.0).state is DriverState.RUNNING
    limiter = Limiter(Limits.from_table(TABLE))
    bent = np.array(TABLE.home)
    bent[15] = TABLE.range_upper[15] + 0.2
    verdict = limiter.enable(reading(bent, 1.0), 1.0)
    assert verdict.state is DriverState.DISABLED
    assert "joint_15.0" in verdict.reason


def test_interpolator_and_homing_move_every_joint() -> None:
    limits = Limits.from_table(TABLE)
    targets = list(homing_targets(np.array(TABLE.range_lower), limits))
    assert np.allclose(targets[-1], TABLE.home)
    interpolator = TargetInterpolator(TABLE)
    interpolator.reset(TABLE.home, 0.0)
    goal = np.array(TABLE.home) + 0.1
    interpolator.set_target(goal, 0.2, 0.0)
    coefficients, start, duration = interpolator.segment
    assert coefficients.shape == (6, 16)
    powers = (0.5 * duration) ** np.arange(6)
    assert np.allclose(powers @ coefficients, interpolator.sample(start + 0.5 * duration))
    assert np.allclose(interpolator.sample(1.0), goal)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("kp: {finger: [0.50,", "kp: {finger: [0.0,", "gains"),
        ("torque_rate: 20.0", "torque_rates: 20.0", "torque_rates"),
        ("frame_age: 0.05", "frame_age: 0.004", "frame_age"),
        ("home: {finger: [0.0, 0.25", "home: {finger: [0.6, 0.25", "joint_0.0"),
        ("thumb: [0.8, 0.3, 0.3, 0.3]", "thumb: [0.8, 0.3, 0.3]", "home"),
        ("full_torque: 0.7", "full_torque: .nan", "full_torque"),
    ],
)
def test_a_wrong_file_is_refused_by_name(tmp_path: Path, old: str, new: str, named: str) -> None:
    text = config_file("robots/allegro.yaml").read_text(encoding="utf-8")
    assert text.count(old) == 1
    path = tmp_path / "allegro.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(MvpRealError, match=named):
        read_hand(path, "v4")


def test_unknown_variants_suggest_the_near_ones() -> None:
    with pytest.raises(MvpRealError, match="v4"):
        load_hand("v44")
    with pytest.raises(MvpRealError, match="right"):
        load_hand("v4", "rihgt")
