"""What the simulations tell about N robots after a step: base, joints, torques, soles and contacts."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from mvp_real.messages import FloatArray


@dataclass
class Motion:
    """Arrays of n robots. World frame unless said otherwise; m, rad, s, N, Nm.

    Attributes:
        place: (n, 3) position of the base.
        rotation: (n, 3, 3) from the base frame to the world's.
        heading: (n, 2) cosine and sine of the direction of the base's x axis seen from above.
        linear_velocity, angular_velocity: (n, 3) of the base, in the base frame.
        gravity: (n, 3) direction of the vertical, down, in the base frame.
        motor_position, motor_velocity: (n, 20) in motor order.
        joint_position, joint_velocity: (n, 26) of the observed joints.
        torque: (n, 20) of the motors in the last physics step, Nm; in place of those of toes A and B the moments about
            the foot's pitch and roll, on either model.
        sole: (n, 2, 3) places of the left and the right sole.
        sole_rotation: (n, 2, 3, 3) of the soles, x along the foot.
        foot_force: (n, 2) normal forces of the feet in the last physics step.
        collision: (n,) whether the torso touches anything or one leg the other.
        diverged: (n,) whether the physics failed.
        ground: (n,) height of the ground under the base.
        sole_ground: (n, 2) height of the ground under the soles.
    """

    place: FloatArray
    rotation: FloatArray
    heading: FloatArray
    linear_velocity: FloatArray
    angular_velocity: FloatArray
    gravity: FloatArray
    motor_position: FloatArray
    motor_velocity: FloatArray
    joint_position: FloatArray
    joint_velocity: FloatArray
    torque: FloatArray
    sole: FloatArray
    sole_rotation: FloatArray
    foot_force: FloatArray
    collision: NDArray[np.bool_]
    diverged: NDArray[np.bool_]
    ground: FloatArray
    sole_ground: FloatArray

    @property
    def height(self) -> FloatArray:
        """(n,) height of the base above the ground."""
        return self.place[:, 2] - self.ground

    def planar_velocity(self) -> FloatArray:
        """(n, 3) velocity ahead and to the left in m/s, and of turning in rad/s, in the base frame."""
        return np.concatenate([self.linear_velocity[:, :2], self.angular_velocity[:, 2:]], axis=1)

    def soles_from_base(self) -> FloatArray:
        """(n, 2, 3) soles relative to the base, x ahead and y to the left; z is the height above the ground."""
        offset = self.sole[..., :2] - self.place[:, None, :2]
        cosine, sine = self.heading[:, 0, None], self.heading[:, 1, None]
        places = np.empty_like(self.sole)
        places[..., 0] = cosine * offset[..., 0] + sine * offset[..., 1]
        places[..., 1] = cosine * offset[..., 1] - sine * offset[..., 0]
        places[..., 2] = self.sole[..., 2] - self.sole_ground
        return places

    def replace_rows(self, rows: NDArray[np.intp], other: Motion) -> None:
        """Put the robots of `other` at `rows`."""
        for item in fields(self):
            getattr(self, item.name)[rows] = getattr(other, item.name)


def rotation_matrices(quaternion: FloatArray) -> FloatArray:
    """(n, 3, 3) of unit quaternions (n, 4), w first."""
    w, x, y, z = quaternion.T
    matrix = np.empty((len(quaternion), 3, 3))
    matrix[:, 0, 0] = 1.0 - 2.0 * (y * y + z * z)
    matrix[:, 0, 1] = 2.0 * (x * y - w * z)
    matrix[:, 0, 2] = 2.0 * (x * z + w * y)
    matrix[:, 1, 0] = 2.0 * (x * y + w * z)
    matrix[:, 1, 1] = 1.0 - 2.0 * (x * x + z * z)
    matrix[:, 1, 2] = 2.0 * (y * z - w * x)
    matrix[:, 2, 0] = 2.0 * (x * z - w * y)
    matrix[:, 2, 1] = 2.0 * (y * z + w * x)
    matrix[:, 2, 2] = 1.0 - 2.0 * (x * x + y * y)
    return matrix
