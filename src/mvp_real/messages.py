"""The vocabulary that rooms exchange: plain frozen records, no ROS types.

Times are seconds on the clock of the node that holds the record. The arm vector is 8 long everywhere: seven
joint angles in rad (joint1..joint7) followed by the gripper's opening as a fraction, 0 closed and 1 open.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Frame:
    """One colour image.

    Attributes:
        image: (H, W, 3) uint8, RGB.
        stamp: Capture time, s.
        sequence: Number of the frame in its stream; gaps are dropped frames.
    """

    image: NDArray[np.uint8]
    stamp: float
    sequence: int


@dataclass(frozen=True)
class Feature:
    """Output of the frozen encoder for one image.

    Attributes:
        tokens: (T, D) float32; T is 1 for a pooled feature, otherwise the class token comes first.
        stamp: Capture time of the image, s.
    """

    tokens: NDArray[np.float32]
    stamp: float


@dataclass(frozen=True)
class JointReading:
    """Measured joints.

    Attributes:
        names: Joint names in the order of `position`; the gripper comes last.
        position: (n,) rad, gripper as opening fraction.
        velocity: (n,) rad/s, or None where the robot does not report it.
        stamp: Time of the measurement, s.
        effort: (n,) torque in Nm, or None where the robot does not report it.
    """

    names: tuple[str, ...]
    position: FloatArray
    velocity: FloatArray | None
    stamp: float
    effort: FloatArray | None = None


@dataclass(frozen=True)
class JointTarget:
    """Where the joints shall be one control period from now.

    Attributes:
        names: Joint names in the order of `position`; the gripper comes last.
        position: (n,) rad, gripper 0 (close) or 1 (open).
        stamp: Capture time of the image that the target was computed from, s.
        duration: Control period, s.
    """

    names: tuple[str, ...]
    position: FloatArray
    stamp: float
    duration: float


@dataclass(frozen=True)
class ImuReading:
    """What the inertial unit in a robot's base says.

    Attributes:
        orientation: (4,) unit quaternion w, x, y, z from the base frame to the world frame.
        angular_velocity: (3,) rad/s in the base frame.
        stamp: Time of the measurement, s.
    """

    orientation: FloatArray
    angular_velocity: FloatArray
    stamp: float


@dataclass(frozen=True)
class BaseReading:
    """The robot's own estimate of where its base is and how fast it moves.

    Attributes:
        position: (3,) m in the world frame; the last one is the height above the ground.
        linear_velocity: (3,) m/s in the base frame.
        stamp: Time of the estimate, s.
    """

    position: FloatArray
    linear_velocity: FloatArray
    stamp: float


@dataclass(frozen=True)
class PdCommand:
    """What the motors are told until the next command: torque = kp (position - q) - kd qdot.

    Attributes:
        position: (n,) rad, in the order of the robot's motors.
        kp, kd: (n,) Nm/rad and Nm s/rad.
        stamp: Time of the measurements that the command was computed from, s.
    """

    position: FloatArray
    kp: FloatArray
    kd: FloatArray
    stamp: float
