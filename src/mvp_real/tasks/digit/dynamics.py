"""What is different about each robot in an episode: the episode's draws of table 6.1 (Xiao 2023)."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mvp_real.messages import FloatArray
from mvp_real.robots.digit import SIDES, load_digit
from mvp_real.tasks.digit.randomisation import Randomisation

LEG_LINKS = ("hip_roll", "hip_yaw", "hip_pitch", "knee", "tarsus", "toe_pitch", "foot")
ARM_LINKS = ("shoulder_roll", "shoulder_pitch", "shoulder_yaw", "elbow")
LINKS = ("base", *(f"{side}_{link}" for part in (LEG_LINKS, ARM_LINKS) for side in SIDES for link in part))


@dataclass
class Dynamics:
    """Arrays of n robots; factors are on the nominal value.

    Attributes:
        motor_offset: (n, 20) rad by which the encoders read too much.
        motor_strength, motor_damping, kp_factor, kd_factor: (n, 20) factors.
        mass: (n, 23) factors on mass and inertia of `LINKS`.
        gravity: (n, 3) added to gravity in the world frame, m/s^2.
        friction: (n,) factor on the friction of the feet.
        restitution: (n,) coefficient of the feet.
        observation_delay, action_delay: (n,) probability that a sample is one control period late.
    """

    motor_offset: FloatArray
    motor_strength: FloatArray
    motor_damping: FloatArray
    kp_factor: FloatArray
    kd_factor: FloatArray
    mass: FloatArray
    gravity: FloatArray
    friction: FloatArray
    restitution: FloatArray
    observation_delay: FloatArray
    action_delay: FloatArray

    @staticmethod
    def draw(random: Generator, count: int, randomisation: Randomisation) -> Dynamics:
        """New draws for `count` robots."""
        motors = (count, len(load_digit().motors))
        shapes = {
            "motor_offset": motors,
            "motor_strength": motors,
            "motor_damping": motors,
            "kp_factor": motors,
            "kd_factor": motors,
            "mass": (count, len(LINKS)),
        }
        drawn = {
            item.name: randomisation.draw(item.name, random, shapes.get(item.name, (count,)))
            for item in fields(Dynamics)
            if item.name != "gravity"
        }
        return Dynamics(gravity=randomisation.draw_gravity(random, count), **drawn)

    def replace_rows(self, rows: NDArray[np.intp], other: Dynamics) -> None:
        """Put the robots of `other` at `rows`."""
        for item in fields(self):
            getattr(self, item.name)[rows] = getattr(other, item.name)


def contact_reference(restitution: FloatArray, time_constant: float) -> FloatArray:
    """(n, 2) direct `solref` (-stiffness, -damping) of a contact that gives back `restitution` of the speed.

    MuJoCo has no coefficient of restitution. A spring with damping ratio sin(b) that can only push gives back
    exp(-tan(b) (pi - 2 b)) of the speed; this is solved for b, with the stiffness of a critically damped contact of the
    time constant, s. That contact, which is the nominal one, gives back exp(-2) = 0.135; less is not to be had.
    """
    ratio = np.interp(restitution, _RESTITUTIONS[::-1], np.sin(_DAMPING_ANGLES)[::-1])
    stiffness = 1.0 / time_constant**2
    return np.stack([np.full_like(ratio, -stiffness), -2.0 * ratio * np.sqrt(stiffness)], axis=-1)


_DAMPING_ANGLES = np.linspace(0.0, 0.5 * np.pi, 500)
_RESTITUTIONS = np.append(
    np.exp(-np.tan(_DAMPING_ANGLES[:-1]) * (np.pi - 2.0 * _DAMPING_ANGLES[:-1])), np.exp(-2.0)
)
