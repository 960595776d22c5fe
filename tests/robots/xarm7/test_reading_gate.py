"""Which joint reports are believed."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mvp_real.robots.table import load_robot
from mvp_real.robots.xarm7.reading_gate import BELIEVED, JITTER, NOISE, RANGE_TOLERANCE, ReadingGate

TABLE = load_robot("xarm7")
HOME = TABLE.home[:-1]
PERIOD = 0.01
any_joints = arrays(np.float64, 7, elements=st.floats(width=32))


def test_a_moving_arm_is_believed() -> None:
    gate = ReadingGate(TABLE)
    for k in range(100):
        assert gate.check(HOME + 0.03 * np.sin(0.3 * k), k * PERIOD) == ""
    assert gate.refused == 0


@given(any_joints)
def test_one_corrupted_report_moves_the_reading_by_little_or_is_refused(joints: np.ndarray) -> None:
    gate = ReadingGate(TABLE)
    assert gate.check(HOME, 0.0) == ""
    reach = 3.14 * (PERIOD + JITTER) + NOISE
    if gate.check(joints, PERIOD) == "":
        assert np.all(np.abs(joints - HOME) <= reach + 1e-9)
    assert gate.check(HOME, 2 * PERIOD) == ""  # and the next good one is believed


@given(st.lists(any_joints, max_size=30))
def test_nothing_outside_the_arms_range_is_ever_believed(reports: list[np.ndarray]) -> None:
    gate = ReadingGate(TABLE)
    for k, joints in enumerate(reports):
        if gate.check(joints, k * PERIOD) == "":
            assert np.all(np.isfinite(joints))
            assert np.all(joints >= TABLE.lower[:-1] - RANGE_TOLERANCE)
            assert np.all(joints <= TABLE.upper[:-1] + RANGE_TOLERANCE)


def test_a_pose_that_stays_is_believed_in_the_end() -> None:
    gate = ReadingGate(TABLE)
    assert gate.check(HOME, 0.0) == ""
    elsewhere = HOME + np.array([1.0, 0, 0, 0, 0, 0, 0])
    complaints = [gate.check(elsewhere, k * PERIOD) for k in range(1, BELIEVED + 1)]
    assert all("joint1 jumped by 1.000 rad" in complaint for complaint in complaints[:-1])
    assert complaints[-1] == ""


def test_a_long_silence_explains_a_long_way() -> None:
    gate = ReadingGate(TABLE)
    assert gate.check(HOME, 0.0) == ""
    assert gate.check(HOME + 0.3, 0.1) == ""


def test_a_wrong_number_of_joints_is_refused() -> None:
    assert "finite" in ReadingGate(TABLE).check(np.zeros(6), 0.0)
