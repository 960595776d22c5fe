"""A robot's description, observations and commands for tests."""

from __future__ import annotations

import numpy as np

from mvp_real.robots.digit import load_digit
from mvp_real.robots.digit_link.command import MotorCommand, OperationMode
from mvp_real.robots.digit_link.observation import MotorLimits, Observation, ObservationWriter

TABLE = load_digit()
LIMITS = MotorLimits(TABLE.torque_limit, 5.0 * TABLE.kd, TABLE.speed_limit, 2.0)
ROBOT = ("127.0.0.1", 25500)


def writer() -> ObservationWriter:
    return ObservationWriter(TABLE.motors, TABLE.joints, LIMITS)


def standing(time: float, **changes: object) -> Observation:
    """The robot on its feet, at rest."""
    values: dict[str, object] = {
        "time": time,
        "error": False,
        "motor_position": TABLE.default_pose.copy(),
        "motor_velocity": np.zeros(20),
        "motor_torque": np.zeros(20),
        "joint_position": TABLE.joint_default.copy(),
        "joint_velocity": np.zeros(10),
        "base_position": np.array([0.0, 0.0, 1.03]),
        "base_orientation": np.array([1.0, 0.0, 0.0, 0.0]),
        "base_linear_velocity": np.zeros(3),
        "base_angular_velocity": np.zeros(3),
        "imu_orientation": np.array([1.0, 0.0, 0.0, 0.0]),
        "imu_angular_velocity": np.zeros(3),
        "imu_linear_acceleration": np.array([0.0, 0.0, 9.81]),
        "magnetic_field": np.array([0.2, 0.0, -0.4]),
        "battery": 87,
    }
    return Observation(**{**values, **changes})  # type: ignore[arg-type]


def motor_command(apply: bool = True, fallback: OperationMode = OperationMode.DAMPING) -> MotorCommand:
    """Numbers that are all different."""
    return MotorCommand(np.arange(20.0), 0.1 * np.arange(20.0), 1.0 + np.arange(20.0), fallback, apply)
