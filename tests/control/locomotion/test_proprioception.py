"""Measurements that cannot be used are refused and named; what is not known is not guessed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mvp_real.control.locomotion.proprioception import Proprioception, Sample
from mvp_real.control.locomotion.spaces import default_joints
from mvp_real.messages import BaseReading, ImuReading, JointReading

from .loop_robot import NAMES, STANDING, TABLE

JOINTS = JointReading(NAMES, STANDING, np.zeros(30), 1.0)
IMU = ImuReading(np.array([1.0, 0.0, 0.0, 0.0]), np.array([0.1, 0.2, 0.3]), 1.0)
BASE = BaseReading(np.array([5.0, 6.0, 1.02]), np.array([0.4, 0.0, 0.1]), 1.0)


def filled() -> Proprioception:
    measured = Proprioception(TABLE)
    measured.joints(JOINTS)
    measured.imu(IMU)
    measured.base(BASE)
    return measured


def test_a_sample_holds_the_observed_joints_in_the_policys_order() -> None:
    sample = filled().take(1.004)
    assert isinstance(sample, Sample)
    np.testing.assert_array_equal(sample.joint_position, default_joints())
    np.testing.assert_array_equal(sample.motor_targets, TABLE.default_pose)
    np.testing.assert_allclose(sample.gravity, [0.0, 0.0, -1.0])
    assert sample.height == 1.02
    np.testing.assert_allclose(sample.ages, 0.004)
    assert (sample.late, sample.stamp) == ((), 1.0)


def test_gravity_of_a_base_that_leans_forward() -> None:
    measured = filled()
    measured.imu(ImuReading(np.array([np.cos(0.1), 0.0, np.sin(0.1), 0.0]), np.zeros(3), 1.01))
    sample = measured.take(1.01)
    assert isinstance(sample, Sample)
    np.testing.assert_allclose(sample.gravity, [np.sin(0.2), 0.0, -np.cos(0.2)])


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (replace(JOINTS, names=NAMES[::-1]), "other joints than 'digit' (right_heel_spring)"),
        (replace(JOINTS, names=NAMES[:29]), "other joints"),
        (replace(JOINTS, velocity=None), "needs 30 positions and speeds"),
        (replace(JOINTS, position=STANDING[:29]), "needs 30 positions and speeds"),
        (replace(JOINTS, position=np.full(30, np.nan)), "joint state is not finite"),
        (replace(JOINTS, effort=np.full(30, np.inf)), "joint state is not finite"),
        (replace(JOINTS, stamp=float("nan")), "a stamp is not finite"),
    ],
)
def test_a_joint_state_that_cannot_be_used_is_as_if_it_had_not_come(
    wrong: JointReading, problem: str
) -> None:
    measured = Proprioception(TABLE)
    measured.imu(IMU)
    measured.base(BASE)
    measured.joints(wrong)
    assert measured.refused == 1
    answer = measured.take(1.0)
    assert isinstance(answer, str)
    assert answer.startswith("no joint state yet (")
    assert problem in answer


def test_other_measurements_that_cannot_be_used() -> None:
    measured = filled()
    measured.imu(replace(IMU, orientation=np.zeros(4), stamp=1.02))
    measured.imu(replace(IMU, angular_velocity=np.full(3, np.nan), stamp=1.02))
    measured.base(replace(BASE, linear_velocity=np.full(3, np.nan), stamp=1.02))
    assert measured.refused == 3
    answer = measured.take(1.05)
    assert isinstance(answer, str)
    assert answer == "joint state is 0.050 s old; the limit is 0.040 s (base velocity is not finite)"


def test_messages_that_overtake_each_other() -> None:
    measured = filled()
    measured.joints(replace(JOINTS, position=STANDING + 1.0, stamp=0.99))
    assert measured.out_of_order == 1
    sample = measured.take(1.0)
    assert isinstance(sample, Sample)
    np.testing.assert_array_equal(sample.joint_position, default_joints())


def test_what_was_forgotten_is_not_used() -> None:
    measured = filled()
    measured.forget()
    assert measured.take(1.0) == "no joint state and no IMU and no base velocity yet"
