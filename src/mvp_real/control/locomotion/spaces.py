"""What a walking policy sees and what its action means (Xiao 2023, table 6.3 and sec. 6.4.4).

Observation (66): base linear velocity 3, base angular velocity 3, joint positions 26, joint velocities 26,
projected gravity 3, clock 2 (sine and cosine of the gait phase), command 3 (forward and sideways in m/s, turn in
rad/s). Velocities and gravity are in the base frame; joint positions are relative to the default pose.
Action (36): 20 PD targets in motor order, then Kp and then Kd of the 8 leg motors without toes, all around zero.
Token (102): observation and the action that was sent one step before.

Everything is batched on leading dimensions and mirrored left to right by a permutation and signs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mvp_real.messages import FloatArray
from mvp_real.robots.digit import DigitTable, load_digit, mirror_order

_GROUPS = (
    ("base_linear_velocity", 3),
    ("base_angular_velocity", 3),
    ("joint_position", 26),
    ("joint_velocity", 26),
    ("projected_gravity", 3),
    ("clock", 2),
    ("command", 3),
)
MOTORS = 20
GAIN_MOTORS = 8
OBSERVATION_SIZE = sum(size for _, size in _GROUPS)
ACTION_SIZE = MOTORS + 2 * GAIN_MOTORS
TOKEN_SIZE = OBSERVATION_SIZE + ACTION_SIZE
TARGETS, KP, KD = (
    slice(0, MOTORS),
    slice(MOTORS, MOTORS + GAIN_MOTORS),
    slice(MOTORS + GAIN_MOTORS, ACTION_SIZE),
)
ARMS = slice(12, MOTORS)  # the targets of the arms
WINDOW = 16  # tokens in the policy's context


def _slices() -> dict[str, slice]:
    found, start = {}, 0
    for name, size in _GROUPS:
        found[name] = slice(start, start + size)
        start += size
    return found


OBSERVATION = _slices()


@dataclass(frozen=True)
class PdTargets:
    """What the motors are told: torque = kp (position - q) - kd qdot. Arrays (..., 20) in motor order."""

    position: FloatArray
    kp: FloatArray
    kd: FloatArray


@lru_cache(maxsize=1)
def default_joints() -> FloatArray:
    """(26,) default position of the observed joints, rad."""
    table = load_digit()
    joints = np.concatenate([table.default_pose[table.observed_motors], table.joint_default])
    joints.setflags(write=False)
    return joints


def assemble_observation(
    base_linear_velocity: FloatArray,
    base_angular_velocity: FloatArray,
    joint_position: FloatArray,
    joint_velocity: FloatArray,
    projected_gravity: FloatArray,
    clock: FloatArray,
    command: FloatArray,
) -> FloatArray:
    """(..., 66) observation; `joint_position` (..., 26) is absolute, in the order of `observed_joints`."""
    return np.concatenate(
        [
            base_linear_velocity,
            base_angular_velocity,
            joint_position - default_joints(),
            joint_velocity,
            projected_gravity,
            clock,
            command,
        ],
        axis=-1,
    )


@lru_cache(maxsize=1)
def _action_bounds() -> tuple[FloatArray, FloatArray]:
    table = load_digit()
    low, high = np.empty(ACTION_SIZE), np.empty(ACTION_SIZE)
    low[TARGETS] = (table.target_lower - table.default_pose) / table.target_scale
    high[TARGETS] = (table.target_upper - table.default_pose) / table.target_scale
    low[table.toe_indices], high[table.toe_indices] = 0.0, 0.0
    low[MOTORS:] = (table.gain_range[0] - 1.0) / table.gain_scale
    high[MOTORS:] = (table.gain_range[1] - 1.0) / table.gain_scale
    return low, high


def limit_action(action: FloatArray) -> FloatArray:
    """The action (..., 36) that may be sent: targets inside `target_lower` and `target_upper`, gains inside
    their range, toes at zero because they stay in the default pose.
    """
    low, high = _action_bounds()
    return np.clip(action, low, high)


def decode_action(action: FloatArray, table: DigitTable | None = None) -> PdTargets:
    """PD targets and gains of an action (..., 36) that `limit_action` has passed."""
    table = table or load_digit()
    position = table.default_pose + table.target_scale * action[..., TARGETS]
    kp, kd = (
        np.broadcast_to(table.kp, position.shape).copy(),
        np.broadcast_to(table.kd, position.shape).copy(),
    )
    kp[..., table.gain_indices] *= 1.0 + table.gain_scale * action[..., KP]
    kd[..., table.gain_indices] *= 1.0 + table.gain_scale * action[..., KD]
    return PdTargets(position, kp, kd)


def encode_targets(position: FloatArray, table: DigitTable | None = None) -> FloatArray:
    """The action (..., 36) that commands the positions (..., 20) rad with the nominal gains."""
    table = table or load_digit()
    action = np.zeros((*position.shape[:-1], ACTION_SIZE))
    action[..., TARGETS] = (position - table.default_pose) / table.target_scale
    return action


@lru_cache(maxsize=1)
def observation_mirror() -> tuple[NDArray[np.intp], FloatArray]:
    """Permutation (66,) and signs (66,) of the left-right mirror image of an observation."""
    table = load_digit()
    order, sign = np.arange(OBSERVATION_SIZE), np.ones(OBSERVATION_SIZE)
    joints = mirror_order(table.observed_joints)
    for group in ("joint_position", "joint_velocity"):
        part = OBSERVATION[group]
        order[part], sign[part] = part.start + joints, -1.0
    sign[OBSERVATION["base_linear_velocity"]] = (1.0, -1.0, 1.0)
    sign[OBSERVATION["base_angular_velocity"]] = (-1.0, 1.0, -1.0)
    sign[OBSERVATION["projected_gravity"]] = (1.0, -1.0, 1.0)
    sign[OBSERVATION["clock"]] = -1.0  # half a gait period later
    sign[OBSERVATION["command"]] = (1.0, -1.0, -1.0)
    return order, sign


@lru_cache(maxsize=1)
def action_mirror() -> tuple[NDArray[np.intp], FloatArray]:
    """Permutation (36,) and signs (36,) of the left-right mirror image of an action."""
    table = load_digit()
    gains = mirror_order(table.gain_motors)
    order = np.concatenate([mirror_order(table.motors), MOTORS + gains, MOTORS + GAIN_MOTORS + gains])
    sign = np.ones(ACTION_SIZE)
    sign[TARGETS] = -1.0
    return order, sign


def mirror_observation(observation: FloatArray) -> FloatArray:
    """The observation (..., 66) of the mirrored robot, half a gait period later."""
    order, sign = observation_mirror()
    return observation[..., order] * sign


def mirror_action(action: FloatArray) -> FloatArray:
    """The action (..., 36) of the mirrored robot."""
    order, sign = action_mirror()
    return action[..., order] * sign
