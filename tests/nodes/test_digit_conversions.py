"""Records of the walking robot survive the way through messages; what is malformed is named."""

from __future__ import annotations

import numpy as np
import pytest

for module in ("rclpy", "nav_msgs", "geometry_msgs"):
    pytest.importorskip(module)

from mvp_real.messages import BaseReading, ImuReading, JointReading, PdCommand  # noqa: E402
from mvp_real.nodes import conversions, digit_conversions  # noqa: E402
from mvp_real.robots.digit import load_digit  # noqa: E402

TABLE = load_digit()
NAMES = digit_conversions.interface_names(TABLE.motors)
COMMAND = PdCommand(np.linspace(-1, 1, 20), np.linspace(50, 90, 20), np.linspace(5, 9, 20), 12.34)


def test_a_command_names_every_interface() -> None:
    assert NAMES[:2] == ["left_hip_roll/position", "left_hip_yaw/position"]
    assert NAMES[20] == "left_hip_roll/kp"
    assert NAMES[-1] == "right_elbow/kd"
    message = digit_conversions.joint_command_message(COMMAND, NAMES)
    back = digit_conversions.joint_command(message, NAMES)
    assert back is not None
    for name in ("position", "kp", "kd"):
        np.testing.assert_array_equal(getattr(back, name), getattr(COMMAND, name))
    assert back.stamp == pytest.approx(12.34, abs=1e-9)


def test_a_command_without_names_says_that_the_policy_has_left() -> None:
    assert digit_conversions.joint_command(digit_conversions.leave_message(3.0), NAMES) is None


def test_malformed_commands_are_named() -> None:
    message = digit_conversions.joint_command_message(COMMAND, list(NAMES))
    message.name = message.name[1:]
    with pytest.raises(ValueError, match="59 names and 60 values; expected 60"):
        digit_conversions.joint_command(message, NAMES)
    message.name = ["left_hip_roll/position", *NAMES[2:], NAMES[1]]
    with pytest.raises(
        ValueError, match="'left_hip_pitch/position' where 'left_hip_yaw/position' is expected"
    ):
        digit_conversions.joint_command(message, NAMES)
    message.name = []
    with pytest.raises(ValueError, match="0 names and 60 values"):
        digit_conversions.joint_command(message, NAMES)


def test_joint_states_carry_efforts() -> None:
    names = (*TABLE.motors, *TABLE.joints)
    reading = JointReading(names, np.arange(30.0), np.arange(30.0) / 10, 1.5, np.arange(30.0) * 2)
    back = conversions.joint_reading(conversions.joint_state_message(reading))
    assert back.names == names
    assert back.effort is not None
    np.testing.assert_array_equal(back.effort, reading.effort)


def test_imu_and_base_survive_the_way() -> None:
    imu = ImuReading(np.array([0.8, 0.6, 0.0, 0.0]), np.array([0.1, -0.2, 0.3]), 2.0)
    message = digit_conversions.imu_message(imu, np.array([0.0, 0.0, 9.8]))
    assert (message.header.frame_id, message.linear_acceleration.z) == ("base", 9.8)
    back = digit_conversions.imu_reading(message)
    np.testing.assert_array_equal(back.orientation, imu.orientation)
    np.testing.assert_array_equal(back.angular_velocity, imu.angular_velocity)
    base = BaseReading(np.array([1.0, 2.0, 1.03]), np.array([0.4, 0.0, -0.1]), 2.0)
    odometry = digit_conversions.odometry_message(base, imu)
    assert (odometry.header.frame_id, odometry.child_frame_id) == ("odom", "base")
    assert odometry.twist.twist.angular.z == 0.3
    back_base = digit_conversions.base_reading(odometry)
    np.testing.assert_array_equal(back_base.position, base.position)
    np.testing.assert_array_equal(back_base.linear_velocity, base.linear_velocity)


def test_velocities() -> None:
    command = np.array([0.4, -0.2, 0.7])
    np.testing.assert_array_equal(
        digit_conversions.velocity_command(digit_conversions.twist_message(command)), command
    )
    contact = digit_conversions.contact_message(np.array([400.0, 0.0]), 1.0)
    assert (list(contact.name), list(contact.effort)) == (["left_foot", "right_foot"], [400.0, 0.0])
