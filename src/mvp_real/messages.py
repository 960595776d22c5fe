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
    """

    names: tuple[str, ...]
    position: FloatArray
    velocity: FloatArray | None
    stamp: float


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
