"""The privileged state (480) of the state policy and of all critics (Xiao 2023, table 6.3), and its mirror image.

The thesis gives the groups and their sizes but not what the 147 parameters of robot and environment are: the entries
of `PARAMETERS` are ours. They hold what is randomised (table 6.1) and what the observation hides: contacts, feet,
torques, ground, pushes. Vectors are in the base frame, places relative to it with x along the heading; factors are
given less one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mvp_real.control.locomotion.spaces import (
    ACTION_SIZE,
    MOTORS,
    OBSERVATION,
    OBSERVATION_SIZE,
    action_mirror,
    mirror_action,
    mirror_observation,
    observation_mirror,
)
from mvp_real.messages import FloatArray
from mvp_real.robots.digit import SIDES, load_digit, mirror_order
from mvp_real.tasks.digit.dynamics import LINKS
from mvp_real.tasks.digit.noise import MEASURED_SIZE
from mvp_real.tasks.digit.terrain import GRID, MAP_SIZE

FEET = len(SIDES)
_CLOCK = (OBSERVATION["clock"].start, OBSERVATION["clock"].start + 1)  # the observation begins the state


@dataclass(frozen=True)
class Entry:
    """A named part of the state.

    Attributes:
        size: Numbers.
        mirror: How its mirror image is made: "motors" (signs change), "motor_factors", "links", "vector", "axial"
            (angular), "feet" (sides swap), "feet_xyz", "feet_roll_pitch", "gradient", "command", "scalar",
            "height_map", "gains", or a part of the spaces.
    """

    size: int
    mirror: str


PARAMETERS = {
    "motor_offset": Entry(MOTORS, "motors"),  # rad
    "motor_strength": Entry(MOTORS, "motor_factors"),
    "motor_damping": Entry(MOTORS, "motor_factors"),  # logarithm of the factor
    "mass": Entry(len(LINKS), "links"),
    "friction": Entry(1, "scalar"),
    "restitution": Entry(1, "scalar"),
    "observation_delay": Entry(1, "scalar"),  # probability
    "action_delay": Entry(1, "scalar"),
    "observation_late": Entry(1, "scalar"),  # 1 if this step's observation is an old one
    "action_late": Entry(1, "scalar"),
    "push_linear": Entry(3, "vector"),  # change of velocity by the last push in this control period, m/s
    "push_angular": Entry(3, "axial"),  # rad/s
    "torque": Entry(MOTORS, "motors"),  # share of the limit
    "foot_force": Entry(FEET, "feet"),  # share of the weight
    "foot_contact": Entry(FEET, "feet"),  # 0 or 1
    "desired_contact": Entry(FEET, "feet"),
    "foot_place": Entry(3 * FEET, "feet_xyz"),  # m
    "foot_velocity": Entry(3 * FEET, "feet_xyz"),  # m/s
    "foot_tilt": Entry(2 * FEET, "feet_roll_pitch"),  # of the sole's axes against the horizontal
    "base_height": Entry(1, "scalar"),  # m less the standing height
    "base_acceleration": Entry(3, "vector"),  # m/s^2 over the last period
    "ground_gradient": Entry(2, "gradient"),
    "rough_ground": Entry(1, "scalar"),
    "mean_velocity": Entry(3, "command"),  # forward, sideways, turn, averaged over about a gait period
}
GROUPS = {
    "observation": Entry(OBSERVATION_SIZE, "observation"),
    "gait_heuristics": Entry(3 * FEET, "feet_xyz"),  # targets of the feet, m
    "height_map": Entry(MAP_SIZE, "height_map"),  # ground around the base less that under it, m
    "action_difference": Entry(ACTION_SIZE, "action"),  # applied less sent
    "observation_difference": Entry(MEASURED_SIZE, "measured"),  # delivered less true
    **PARAMETERS,
    "gains": Entry(2 * MOTORS, "gains"),  # Kp and Kd that act
    "gravity": Entry(3, "vector"),  # m/s^2 added
}
PARAMETERS_SIZE = sum(entry.size for entry in PARAMETERS.values())
STATE_SIZE = sum(entry.size for entry in GROUPS.values())


def _slices() -> dict[str, slice]:
    found, start = {}, 0
    for name, entry in GROUPS.items():
        found[name] = slice(start, start + entry.size)
        start += entry.size
    return found


STATE = _slices()


@lru_cache(maxsize=1)
def state_mirror() -> tuple[NDArray[np.intp], FloatArray]:
    """Permutation (480,) and signs (480,) of the left-right mirror image of a state."""
    orders, signs = [], []
    for name, entry in GROUPS.items():
        order, sign = _mirror(entry)
        orders.append(STATE[name].start + order)
        signs.append(sign)
    return np.concatenate(orders), np.concatenate(signs)


def mirror_state(state: FloatArray) -> FloatArray:
    """The state (..., 480) of the mirrored robot, half a gait period later."""
    order, sign = state_mirror()
    return state[..., order] * sign


@dataclass(frozen=True)
class Mirror:
    """The left-right symmetry of the task; applied twice each function gives back what went in.

    Attributes:
        observation, state, action: Mirror images of arrays (..., 66), (..., 480) and (..., 36).
        clock, state_clock: Where sine and cosine of the phase stand in the observation and in the state.
    """

    observation: Callable[[FloatArray], FloatArray] = mirror_observation
    state: Callable[[FloatArray], FloatArray] = mirror_state
    action: Callable[[FloatArray], FloatArray] = mirror_action
    clock: tuple[int, int] = _CLOCK
    state_clock: tuple[int, int] = _CLOCK


def _mirror(entry: Entry) -> tuple[NDArray[np.intp], FloatArray]:
    size, same = entry.size, np.ones(entry.size)
    motors = mirror_order(load_digit().motors)
    if entry.mirror == "observation":
        return observation_mirror()
    if entry.mirror == "measured":
        order, sign = observation_mirror()
        return order[:size], sign[:size]
    if entry.mirror == "action":
        return action_mirror()
    if entry.mirror == "motors":
        return motors, -same
    if entry.mirror == "motor_factors":
        return motors, same
    if entry.mirror == "gains":
        return np.concatenate([motors, MOTORS + motors]), same
    if entry.mirror == "links":
        return np.concatenate([[0], 1 + mirror_order(LINKS[1:])]), same
    if entry.mirror == "height_map":
        rows = np.arange(size).reshape(len(GRID), len(GRID))
        return rows[::-1].ravel(), same
    if entry.mirror == "feet":
        return np.array([1, 0]), same
    if entry.mirror == "feet_xyz":
        return np.array([3, 4, 5, 0, 1, 2]), np.tile([1.0, -1.0, 1.0], FEET)
    if entry.mirror == "feet_roll_pitch":
        return np.array([2, 3, 0, 1]), np.tile([-1.0, 1.0], FEET)
    sign = {
        "scalar": same,
        "vector": np.array([1.0, -1.0, 1.0]),
        "axial": np.array([-1.0, 1.0, -1.0]),
        "gradient": np.array([1.0, -1.0]),
        "command": np.array([1.0, -1.0, -1.0]),
    }[entry.mirror]
    return np.arange(size), sign
