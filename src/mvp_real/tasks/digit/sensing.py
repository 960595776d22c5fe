"""Observation and privileged state of N robots from what they do and what is remembered of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mvp_real.control.locomotion.spaces import OBSERVATION_SIZE, assemble_observation
from mvp_real.messages import FloatArray
from mvp_real.robots.digit import load_digit
from mvp_real.tasks.digit.delays import deliver, toss_late
from mvp_real.tasks.digit.dynamics import Dynamics
from mvp_real.tasks.digit.episode import Episodes
from mvp_real.tasks.digit.gait import clock, desired_contact, foot_phases
from mvp_real.tasks.digit.motion import Motion
from mvp_real.tasks.digit.noise import MEASURED, MEASURED_SIZE, add_encoder_offset, add_noise
from mvp_real.tasks.digit.privileged import STATE, STATE_SIZE
from mvp_real.tasks.digit.terrain import Ground

FloatRows = NDArray[np.float32]
_WEIGHT = 470.0  # N, of the robot; only a scale


@dataclass(frozen=True)
class Observations:
    """What policies see: `observation` (N, 66) on the robot, `state` (N, 480) in training only; float32."""

    observation: FloatRows
    state: FloatRows


def observe(
    random: Generator,
    rows: NDArray[np.intp] | slice,
    motion: Motion,
    episodes: Episodes,
    dynamics: Dynamics,
    deviations: FloatArray,
    first: bool,
) -> tuple[FloatArray, FloatRows, NDArray[np.bool_]]:
    """The true observation (n, 66), the delivered one with noise, offsets and delays, and whether it is late (n,).

    Args:
        random: Random numbers.
        rows: The robots; `motion` holds these only, `episodes` and `dynamics` all.
        motion, episodes, dynamics: Of the robots; the new sample is remembered in `episodes`.
        deviations: (61,) of the noise.
        first: Whether this is the first sample of the episodes, which cannot be late.
    """
    true = assemble_observation(
        motion.linear_velocity,
        motion.angular_velocity,
        motion.joint_position,
        motion.joint_velocity,
        motion.gravity,
        clock(episodes.phase[rows]),
        episodes.command[rows],
    )
    measured = add_encoder_offset(true[:, MEASURED], dynamics.motor_offset[rows])
    measured = add_noise(random, measured, deviations)
    late = toss_late(random, dynamics.observation_delay[rows]) & (not first)
    delivered = np.empty((len(true), OBSERVATION_SIZE), dtype=np.float32)
    delivered[:, MEASURED] = deliver(late, measured, episodes.measured[rows])
    delivered[:, MEASURED_SIZE:] = true[:, MEASURED_SIZE:]
    episodes.measured[rows] = measured
    return true, delivered, late


def privileged_state(
    rows: NDArray[np.intp] | slice,
    motion: Motion,
    episodes: Episodes,
    dynamics: Dynamics,
    ground: Ground,
    true: FloatArray,
    delivered: FloatRows,
    late: NDArray[np.bool_],
    targets: FloatArray,
    height: float,
    contact_threshold: float,
    contact_deviation: float,
) -> FloatRows:
    """(n, 480) in the layout of `privileged.STATE`.

    Args:
        rows, motion, episodes, dynamics: As for `observe`.
        ground: The terrain.
        true, delivered, late: Results of `observe`.
        targets: (n, 2, 3) targets of the feet, m.
        height: Height of the base when standing, m.
        contact_threshold: N.
        contact_deviation: Smoothing of the desired contact, in phase.
    """
    count = len(true)
    state = np.empty((count, STATE_SIZE), dtype=np.float32)
    cosine, sine = motion.heading[:, 0], motion.heading[:, 1]
    gradient = ground.gradient[rows]
    feet = motion.sole_rotation
    push = episodes.push[rows]
    values: dict[str, FloatArray | FloatRows | NDArray[np.bool_]] = {
        "observation": true,
        "gait_heuristics": targets,
        "height_map": ground.height_map(rows, motion.place[:, :2], motion.heading, motion.ground),
        "action_difference": episodes.action_difference[rows],
        "observation_difference": delivered[:, MEASURED] - true[:, MEASURED],
        "motor_offset": dynamics.motor_offset[rows],
        "motor_strength": dynamics.motor_strength[rows] - 1.0,
        "motor_damping": np.log(dynamics.motor_damping[rows]),
        "mass": dynamics.mass[rows] - 1.0,
        "friction": dynamics.friction[rows] - 1.0,
        "restitution": dynamics.restitution[rows],
        "observation_delay": dynamics.observation_delay[rows],
        "action_delay": dynamics.action_delay[rows],
        "observation_late": late,
        "action_late": episodes.action_late[rows],
        "push_linear": np.einsum("nij,ni->nj", motion.rotation, push[:, :3]),
        "push_angular": push[:, 3:],
        "torque": motion.torque / load_digit().torque_limit,
        "foot_force": motion.foot_force / _WEIGHT,
        "foot_contact": motion.foot_force >= contact_threshold,
        "desired_contact": desired_contact(foot_phases(episodes.phase[rows]), contact_deviation),
        "foot_place": motion.soles_from_base(),
        "foot_velocity": episodes.sole_velocity[rows],
        # The sole's y and x axes against the horizontal: roll and pitch of the foot for small angles.
        "foot_tilt": feet[:, :, 2, 1::-1],
        "base_height": motion.height - height,
        "base_acceleration": episodes.acceleration[rows],
        "ground_gradient": np.stack(
            [
                cosine * gradient[:, 0] + sine * gradient[:, 1],
                cosine * gradient[:, 1] - sine * gradient[:, 0],
            ],
            axis=1,
        ),
        "rough_ground": ground.rough[rows],
        "mean_velocity": episodes.mean_velocity[rows],
        "gains": episodes.gains[rows],
        "gravity": np.einsum("nij,ni->nj", motion.rotation, dynamics.gravity[rows]),
    }
    for name, part in values.items():
        state[:, STATE[name]] = np.reshape(part, (count, -1))
    return state
