"""What the rest of the package is told of an observation: the records that every robot of ours gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mvp_real.geometry import projected_gravity
from mvp_real.messages import BaseReading, FloatArray, ImuReading, JointReading
from mvp_real.robots.digit import DigitTable
from mvp_real.robots.digit_limiter import Posture
from mvp_real.robots.digit_link.observation import Observation

UNIT_TOLERANCE = 1e-3  # of the norm of a quaternion
# Numbers of an encoded measurement behind the joints' position, velocity and effort.
_TAIL = {
    "stamp": 1,
    "orientation": 4,
    "angular": 3,
    "acceleration": 3,
    "position": 3,
    "linear": 3,
    "battery": 1,
}


@dataclass(frozen=True, eq=False)
class Measurement:
    """One moment of the robot.

    Attributes:
        joints: 20 motors, then 10 passive joints, with the motors' torques.
        imu: Orientation and angular velocity of the base, as the robot estimates them.
        acceleration: (3,) m/s^2, raw.
        base: Place, height and velocity in the base frame.
        battery: Percent.
    """

    joints: JointReading
    imu: ImuReading
    acceleration: FloatArray
    base: BaseReading
    battery: float

    @property
    def stamp(self) -> float:
        """s on the driver's clock."""
        return self.joints.stamp

    def posture(self, motors: int) -> Posture:
        """What the limiter judges the robot by; not finite where the orientation is no rotation."""
        orientation = self.imu.orientation
        unit = abs(float(orientation @ orientation) - 1.0) < 2.0 * UNIT_TOLERANCE
        gravity = projected_gravity(orientation) if unit else np.full(3, np.nan)
        return Posture(self.joints.position[:motors], gravity, float(self.base.position[2]), self.stamp)

    def encode(self) -> FloatArray:
        """All numbers in one vector, for another process."""
        joints, base = self.joints, self.base
        assert joints.velocity is not None
        assert joints.effort is not None
        parts = (joints.position, joints.velocity, joints.effort, [self.stamp], self.imu.orientation)
        more = (
            self.imu.angular_velocity,
            self.acceleration,
            base.position,
            base.linear_velocity,
            [self.battery],
        )
        return np.concatenate([*parts, *more])

    @staticmethod
    def decode(values: FloatArray, names: tuple[str, ...]) -> Measurement:
        """The measurement of an encoded vector."""
        count = len(names)
        position, velocity, effort = values[: 3 * count].reshape(3, count)
        rest, start = {}, 3 * count
        for name, size in _TAIL.items():
            rest[name] = values[start : start + size]
            start += size
        stamp = float(rest["stamp"][0])
        return Measurement(
            JointReading(names, position, velocity, stamp, effort),
            ImuReading(rest["orientation"], rest["angular"], stamp),
            rest["acceleration"],
            BaseReading(rest["position"], rest["linear"], stamp),
            float(rest["battery"][0]),
        )


class Measuring:
    """Turns observations into measurements.

    Args:
        table: The robot.
        world_velocity: Whether the robot gives its base's velocities in the world frame; otherwise in the base frame.
        height_offset: Added to the robot's own height so that it is the base's height above the ground, m.
    """

    def __init__(self, table: DigitTable, world_velocity: bool = True, height_offset: float = 0.0) -> None:
        self.names = (*table.motors, *table.joints)
        self._passive = np.zeros(len(table.joints))
        self._world = world_velocity
        self._offset = np.array([0.0, 0.0, height_offset])

    def measure(self, seen: Observation, stamp: float) -> Measurement:
        """The measurement of an observation that was made at `stamp`, s on the driver's clock."""
        position = np.concatenate([seen.motor_position, seen.joint_position])
        velocity = np.concatenate([seen.motor_velocity, seen.joint_velocity])
        effort = np.concatenate([seen.motor_torque, self._passive])
        linear, angular = seen.base_linear_velocity, seen.base_angular_velocity
        if self._world:
            linear = rotate_back(seen.base_orientation, linear)
            angular = rotate_back(seen.base_orientation, angular)
        return Measurement(
            JointReading(self.names, position, velocity, stamp, effort),
            ImuReading(seen.base_orientation, angular, stamp),
            seen.imu_linear_acceleration,
            BaseReading(seen.base_position + self._offset, linear, stamp),
            float(seen.battery),
        )


def rotate_back(quaternion: FloatArray, vector: FloatArray) -> FloatArray:
    """(3,) a world vector in the frame whose orientation is the unit quaternion (w, x, y, z)."""
    w, x, y, z = quaternion.tolist()
    a, b, c = vector.tolist()
    # Twice the cross product of the conjugate's axis with the vector, then as usual.
    s, t, u = 2.0 * (z * b - y * c), 2.0 * (x * c - z * a), 2.0 * (y * a - x * b)
    return np.array([a + w * s + (z * t - y * u), b + w * t + (x * u - z * s), c + w * u + (y * s - x * t)])
