"""Observations as the package's records: frames, the way through a vector, the robot's clock."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvp_real.robots.digit_link.measurement import Measurement, Measuring, rotate_back
from mvp_real.robots.digit_link.session_clock import Arrival, SessionClock

from .samples import TABLE, standing

LEFT = np.array([np.sqrt(0.5), 0.0, 0.0, np.sqrt(0.5)])  # the robot looks along y of the world


def test_velocities_of_the_world_are_turned_into_the_bases_frame() -> None:
    seen = standing(
        1.0, base_orientation=LEFT, base_linear_velocity=np.array([0.0, 0.4, 0.1]),
        base_angular_velocity=np.array([0.0, 0.2, 0.3]),
    )  # fmt: skip
    there = Measuring(TABLE).measure(seen, 5.0)
    np.testing.assert_allclose(there.base.linear_velocity, [0.4, 0.0, 0.1], atol=1e-12)
    np.testing.assert_allclose(there.imu.angular_velocity, [0.2, 0.0, 0.3], atol=1e-12)
    as_it_is = Measuring(TABLE, world_velocity=False, height_offset=0.05).measure(seen, 5.0)
    np.testing.assert_array_equal(as_it_is.base.linear_velocity, [0.0, 0.4, 0.1])
    assert as_it_is.base.position[2] == pytest.approx(1.08)


def test_a_measurement_survives_the_way_to_another_process() -> None:
    numbers = np.random.default_rng(3)
    seen = standing(1.0, motor_torque=numbers.normal(size=20), joint_velocity=numbers.normal(size=10))
    measuring = Measuring(TABLE)
    there = measuring.measure(seen, 7.5)
    back = Measurement.decode(there.encode(), measuring.names)
    assert back.joints.names == (*TABLE.motors, *TABLE.joints)
    assert (back.stamp, back.battery) == (7.5, 87.0)
    np.testing.assert_array_equal(back.encode(), there.encode())
    np.testing.assert_array_equal(back.joints.effort[:20], seen.motor_torque)  # type: ignore[index]


def test_posture() -> None:
    posture = Measuring(TABLE).measure(standing(1.0), 2.0).posture(20)
    np.testing.assert_array_equal(posture.motors, TABLE.default_pose)
    np.testing.assert_allclose(posture.gravity, [0.0, 0.0, -1.0])
    assert (posture.height, posture.stamp) == (1.03, 2.0)
    broken = standing(1.0, base_orientation=np.zeros(4))
    assert np.isnan(Measuring(TABLE).measure(broken, 2.0).posture(20).gravity).all()


@given(st.lists(st.floats(-1, 1), min_size=7, max_size=7))
def test_rotation_keeps_lengths_and_turns_back(values: list[float]) -> None:
    quaternion, vector = np.array(values[:4]), np.array(values[4:])
    norm = np.linalg.norm(quaternion)
    if norm < 1e-3:
        return
    unit = quaternion / norm
    there = rotate_back(unit, vector)
    assert np.linalg.norm(there) == pytest.approx(np.linalg.norm(vector), abs=1e-9)
    np.testing.assert_allclose(rotate_back(unit * [1, -1, -1, -1], there), vector, atol=1e-9)


def test_the_drivers_clock_goes_on_when_the_robot_restarts() -> None:
    clock = SessionClock()
    assert clock.advance(100.0) is Arrival.NEW
    assert clock.advance(100.001) is Arrival.NEW
    assert clock.advance(0.0) is Arrival.RESTARTED
    assert clock.now == pytest.approx(100.002)
    assert clock.advance(0.5) is Arrival.NEW
    assert clock.now == pytest.approx(100.502)


@given(st.lists(st.floats(-0.2, 0.01), max_size=50))
def test_overtaken_observations_never_turn_time_back(steps: list[float]) -> None:
    clock, time, newest = SessionClock(), 50.0, 0.0
    clock.advance(time)
    for step in steps:
        before = clock.now
        time = 50.0 + newest + step
        arrival = clock.advance(time)
        assert arrival is (Arrival.NEW if step > 0.0 and time > 50.0 + newest else Arrival.OVERTAKEN)
        newest = max(newest, time - 50.0)
        assert clock.now >= before
