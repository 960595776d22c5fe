"""A hand on the arm: targets are where the arm is, keys do the rest."""

from __future__ import annotations

import numpy as np
import pytest

from mvp_real.messages import JointReading
from mvp_real.teleop.kinesthetic import KinestheticTeacher

NAMES = (*(f"joint{i}" for i in range(1, 8)), "gripper")


def reading(stamp: float, opening: float = 1.0, first: float = 0.1) -> JointReading:
    return JointReading(NAMES, np.array([first, 0, 0, 0.5, 0, 0, 0, opening]), None, stamp)


def test_the_target_is_the_measured_position_once_per_reading() -> None:
    teacher = KinestheticTeacher()
    assert teacher.target(0.0, True) is None, "nothing measured yet"
    teacher.joints(reading(1.0, opening=0.97))
    assert teacher.target(1.01, False) is None, "the arm holds"
    made = teacher.target(1.01, True)
    assert made is not None
    np.testing.assert_array_equal(made[0], [0.1, 0, 0, 0.5, 0, 0, 0, 0.97])
    assert made[1] == 1.0
    assert teacher.target(1.02, True) is None, "nothing new"
    teacher.joints(reading(1.03))
    assert teacher.target(1.34, True) is None, "too old"


def test_a_reading_that_is_not_finite_is_no_news() -> None:
    teacher = KinestheticTeacher()
    teacher.joints(reading(1.0, first=np.nan))
    assert teacher.target(1.0, True) is None


@pytest.mark.parametrize(("opening", "closed"), [(0.9, False), (0.6, True), (0.2, True)])
def test_the_gripper_stays_as_it_is_until_its_key(opening: float, closed: bool) -> None:
    teacher = KinestheticTeacher()
    teacher.joints(reading(1.0, opening=opening))
    assert teacher.closed is closed
    made = teacher.target(1.0, True)
    assert made is not None
    assert made[0][-1] == opening, "whatever it holds stays held"
    teacher.press("g")
    teacher.joints(reading(1.1, opening=opening))
    made = teacher.target(1.1, True)
    assert made is not None
    assert made[0][-1] == float(closed)
    assert teacher.sample(1.1, True).grip == float(not closed)


def test_keys() -> None:
    teacher = KinestheticTeacher()
    teacher.press("t")
    assert teacher.wanted
    teacher.press("x")
    assert teacher.wanted
    teacher.press("t")
    assert not teacher.wanted
    assert teacher.mark("\r", 5.0)
    assert not teacher.mark("g", 5.0)
    sample = teacher.sample(5.1, True)
    assert (sample.frame_id, sample.tracked, sample.clutch) == ("kinesthetic/right", True, True)
    assert (sample.primary, sample.secondary) == (True, False)
    assert not teacher.sample(5.2, False).primary
    teacher.press("t")
    teacher.press("q")
    assert teacher.left
    assert not teacher.wanted, "whoever leaves lets the arm hold"
