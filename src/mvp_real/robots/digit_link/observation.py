"""The observation message: what Digit measures and estimates, and the limits in its description's comment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mvp_real.messages import FloatArray
from mvp_real.robots.digit_link.chunks import ArtlError
from mvp_real.robots.digit_link.description import BOOL, I16, Description, Field
from mvp_real.robots.digit_link.layout import Layout

AXES = ("w", "x", "y", "z")
LIMITS = ("torque_limit", "damping_limit", "velocity_limit")


@dataclass(frozen=True, eq=False)
class MotorLimits:
    """What the robot clamps commands to, of n motors.

    Attributes:
        torque: (n,) Nm.
        damping: (n,) Nm s/rad; about a fifth of it is a usual value, by the vendor.
        velocity: (n,) rad/s.
        error_shutdown_delay: s from the error flag to the end of the low-level interface; NaN if it is not told.
    """

    torque: FloatArray
    damping: FloatArray
    velocity: FloatArray
    error_shutdown_delay: float


@dataclass(frozen=True, eq=False)
class Observation:
    """One observation.

    Attributes:
        time: s since the robot's control program started.
        error: Something is wrong, and the robot will soon end the low-level interface.
        motor_position, motor_velocity, motor_torque: (n,) rad, rad/s, Nm.
        joint_position, joint_velocity: (m,) of the joints without motor.
        base_position: (3,) m, as the robot estimates it.
        base_orientation: (4,) quaternion w, x, y, z.
        base_linear_velocity, base_angular_velocity: (3,) m/s and rad/s, as the robot estimates them.
        imu_orientation, imu_angular_velocity, imu_linear_acceleration, magnetic_field: Raw signals.
        battery: Percent.
    """

    time: float
    error: bool
    motor_position: FloatArray
    motor_velocity: FloatArray
    motor_torque: FloatArray
    joint_position: FloatArray
    joint_velocity: FloatArray
    base_position: FloatArray
    base_orientation: FloatArray
    base_linear_velocity: FloatArray
    base_angular_velocity: FloatArray
    imu_orientation: FloatArray
    imu_angular_velocity: FloatArray
    imu_linear_acceleration: FloatArray
    magnetic_field: FloatArray
    battery: int


def observation_description(
    motors: tuple[str, ...], joints: tuple[str, ...], limits: MotorLimits
) -> Description:
    """What the robot describes: 859 bytes a message for 20 motors and 10 joints."""
    fields = [Field("time"), Field("error", BOOL)]
    fields += [Field(f"{motor}.{part}") for motor in motors for part in ("position", "velocity", "torque")]
    fields += [Field(f"{joint}.{part}") for joint in joints for part in ("position", "velocity")]
    fields.append(Field("base.translation", rows=3))
    fields += [Field(f"base.orientation.{axis}") for axis in AXES]
    fields += [Field("base.linear_velocity", rows=3), Field("base.angular_velocity", rows=3)]
    fields += [Field(f"imu.orientation.{axis}") for axis in AXES]
    fields += [
        Field(f"imu.{part}", rows=3) for part in ("angular_velocity", "linear_acceleration", "magnetic_field")
    ]
    fields.append(Field("battery.state_of_charge", I16))
    comment = [Field("error_shutdown_delay")]
    comment += [Field(f"{motor}.{limit}") for motor in motors for limit in LIMITS]
    values = np.stack([limits.torque, limits.damping, limits.velocity], axis=1).reshape(-1)
    data = np.concatenate([[limits.error_shutdown_delay], values]).astype("<f8").tobytes()
    return Description(tuple(fields), (), tuple(comment), data)


class ObservationWriter:
    """Packs observations, as the robot does.

    Args:
        motors, joints: Names in the order of the vectors.
        limits: The robot's.
    """

    def __init__(self, motors: tuple[str, ...], joints: tuple[str, ...], limits: MotorLimits) -> None:
        self.description = observation_description(motors, joints, limits)
        self._layout = Layout(self.description, self.description.fields)

    def pack(self, seen: Observation) -> bytes:
        """The message of an observation."""
        motors = np.stack([seen.motor_position, seen.motor_velocity, seen.motor_torque], axis=1)
        joints = np.stack([seen.joint_position, seen.joint_velocity], axis=1)
        vectors = (
            motors.reshape(-1), joints.reshape(-1), seen.base_position, seen.base_orientation,
            seen.base_linear_velocity, seen.base_angular_velocity, seen.imu_orientation, seen.imu_angular_velocity,
            seen.imu_linear_acceleration, seen.magnetic_field,
        )  # fmt: skip
        values = np.concatenate(vectors).tolist()
        return self._layout.pack([seen.time, int(seen.error), *values, seen.battery])


class ObservationReader:
    """Reads observations by the description that the robot sent.

    Args:
        description: The robot's.
        motors, joints: Names in the order of the vectors.

    Attributes:
        limits: What the comment says; without it infinite, so that only our own limits count.

    Raises:
        ArtlError: A field is missing or of another size: another robot or firmware.
    """

    def __init__(self, description: Description, motors: tuple[str, ...], joints: tuple[str, ...]) -> None:
        layout = self._layout = Layout(description, description.fields)

        def each(names: tuple[str, ...], part: str) -> NDArray[np.intp]:
            return layout.find_all([f"{name}.{part}" for name in names])

        self._time, self._error = int(layout.find("time")[0]), int(layout.find("error")[0])
        self._places = {
            "motor_position": each(motors, "position"),
            "motor_velocity": each(motors, "velocity"),
            "motor_torque": each(motors, "torque"),
            "joint_position": each(joints, "position"),
            "joint_velocity": each(joints, "velocity"),
            "base_position": layout.find("base.translation", 3),
            "base_orientation": layout.find_all([f"base.orientation.{axis}" for axis in AXES]),
            "base_linear_velocity": layout.find("base.linear_velocity", 3),
            "base_angular_velocity": layout.find("base.angular_velocity", 3),
            "imu_orientation": layout.find_all([f"imu.orientation.{axis}" for axis in AXES]),
            "imu_angular_velocity": layout.find("imu.angular_velocity", 3),
            "imu_linear_acceleration": layout.find("imu.linear_acceleration", 3),
            "magnetic_field": layout.find("imu.magnetic_field", 3),
        }
        self._battery = int(layout.find("battery.state_of_charge")[0])
        self.limits = _read_limits(description, motors)

    def read(self, message: bytes) -> Observation:
        """An observation. Values that are not finite are left for the limiter to judge.

        Raises:
            ArtlError: Wrong size, or a time or charge that is not finite.
        """
        values = self._layout.unpack(message)
        time, battery = float(values[self._time]), float(values[self._battery])
        if not np.isfinite(time + battery):
            raise ArtlError(f"observation has the time {time} and the charge {battery}")
        vectors = {name: values[place] for name, place in self._places.items()}
        return Observation(time=time, error=values[self._error] != 0.0, battery=int(battery), **vectors)


def _read_limits(description: Description, motors: tuple[str, ...]) -> MotorLimits:
    layout = Layout(description, description.comment_fields)
    if layout.size != len(description.comment):
        raise ArtlError(f"comment has {len(description.comment)} bytes; its fields say {layout.size}")
    values = layout.unpack(description.comment)

    def limit(kind: str) -> FloatArray:
        """(n,) of one kind; what is missing, not finite or not positive does not limit."""
        found = np.full(len(motors), np.inf)
        for k, motor in enumerate(motors):
            if layout.has(f"{motor}.{kind}"):
                value = values[layout.find(f"{motor}.{kind}")[0]]
                found[k] = value if value > 0.0 else np.inf
        return found

    delay = float("nan")
    if layout.has("error_shutdown_delay"):
        delay = float(values[layout.find("error_shutdown_delay")[0]])
    return MotorLimits(limit("torque_limit"), limit("damping_limit"), limit("velocity_limit"), delay)
