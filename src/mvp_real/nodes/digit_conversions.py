"""Between the walking robot's records and ROS messages."""

from __future__ import annotations

import numpy as np
from geometry_msgs.msg import Twist
from nav_msgs.msg import Odometry
from sensor_msgs.msg import Imu, JointState

from mvp_real.messages import BaseReading, FloatArray, ImuReading, PdCommand
from mvp_real.nodes.conversions import seconds, time_message
from mvp_real.robots.digit import SIDES

BASE_FRAME, ODOM_FRAME = "base", "odom"
INTERFACES = ("position", "kp", "kd")


def interface_names(motors: tuple[str, ...]) -> list[str]:
    """Names of a command's values, as ros2_control writes them: `<motor>/position`, then `/kp`, then `/kd`."""
    return [f"{motor}/{interface}" for interface in INTERFACES for motor in motors]


def joint_command_message(command: PdCommand, names: list[str]) -> JointState:
    """`sensor_msgs/JointState` of a command; `names` are `interface_names` of its motors."""
    message = JointState(name=names)
    message.header.stamp = time_message(command.stamp)
    message.position = np.concatenate([command.position, command.kp, command.kd]).tolist()
    return message


def leave_message(stamp: float) -> JointState:
    """A command without names: the policy does not have the robot."""
    message = JointState()
    message.header.stamp = time_message(stamp)
    return message


def joint_command(message: JointState, names: list[str]) -> PdCommand | None:
    """The command of a message; None if it has no names, which means that the policy does not have the robot.

    Raises:
        ValueError: Other names or another number of values; the text says what came.
    """
    if not message.name and not len(message.position):
        return None
    if len(message.name) != len(names) or len(message.position) != len(names):
        raise ValueError(
            f"command has {len(message.name)} names and {len(message.position)} values; expected {len(names)}"
        )
    for came, expected in zip(message.name, names, strict=True):
        if came != expected:
            raise ValueError(f"command names '{came}' where '{expected}' is expected")
    position, kp, kd = np.array(message.position, dtype=np.float64).reshape(len(INTERFACES), -1)
    return PdCommand(position, kp, kd, seconds(message.header.stamp))


def imu_message(reading: ImuReading, acceleration: FloatArray) -> Imu:
    """`sensor_msgs/Imu` of a reading and the proper acceleration (3,) in m/s^2."""
    message = Imu()
    message.header.stamp = time_message(reading.stamp)
    message.header.frame_id = BASE_FRAME
    orientation = message.orientation
    orientation.w, orientation.x, orientation.y, orientation.z = reading.orientation.tolist()
    turning = message.angular_velocity
    turning.x, turning.y, turning.z = reading.angular_velocity.tolist()
    linear = message.linear_acceleration
    linear.x, linear.y, linear.z = acceleration.tolist()
    return message


def imu_reading(message: Imu) -> ImuReading:
    """Orientation and angular velocity of a message."""
    orientation, turning = message.orientation, message.angular_velocity
    return ImuReading(
        np.array([orientation.w, orientation.x, orientation.y, orientation.z]),
        np.array([turning.x, turning.y, turning.z]),
        seconds(message.header.stamp),
    )


def odometry_message(base: BaseReading, imu: ImuReading) -> Odometry:
    """`nav_msgs/Odometry`: height above the ground as z; the twist is in the base frame."""
    message = Odometry(child_frame_id=BASE_FRAME)
    message.header.stamp = time_message(base.stamp)
    message.header.frame_id = ODOM_FRAME
    place, orientation = message.pose.pose.position, message.pose.pose.orientation
    place.x, place.y, place.z = base.position.tolist()
    orientation.w, orientation.x, orientation.y, orientation.z = imu.orientation.tolist()
    linear, turning = message.twist.twist.linear, message.twist.twist.angular
    linear.x, linear.y, linear.z = base.linear_velocity.tolist()
    turning.x, turning.y, turning.z = imu.angular_velocity.tolist()
    return message


def base_reading(message: Odometry) -> BaseReading:
    """Place, height and velocity of a message."""
    place, linear = message.pose.pose.position, message.twist.twist.linear
    return BaseReading(
        np.array([place.x, place.y, place.z]),
        np.array([linear.x, linear.y, linear.z]),
        seconds(message.header.stamp),
    )


def contact_message(forces: FloatArray, stamp: float) -> JointState:
    """`sensor_msgs/JointState` of the forces (2,) on the soles in N, as `effort`."""
    message = JointState(name=[f"{side}_foot" for side in SIDES])
    message.header.stamp = time_message(stamp)
    message.effort = forces.tolist()
    return message


def twist_message(command: FloatArray) -> Twist:
    """`geometry_msgs/Twist` of a velocity command (3,): forward and sideways in m/s, turn in rad/s."""
    message = Twist()
    message.linear.x, message.linear.y, message.angular.z = (float(value) for value in command)
    return message


def velocity_command(message: Twist) -> FloatArray:
    """(3,) forward and sideways in m/s, turn in rad/s."""
    return np.array([message.linear.x, message.linear.y, message.angular.z])
