"""Stepping in place without feedback: where a policy begins to learn, so that it need not find the gait itself.

For every phase the leg joints come from inverse kinematics of the gait's foot targets under a base that sways as a
linear inverted pendulum; to these PD targets the torques that carry the robot are added, divided by the stiffness of
the motors: the standing foot's force points from the sole through the centre of mass. The targets lead the clock,
because the motors lag. Toes keep their default pose, as under a policy.

Without feedback it cannot last: what is wrong with the sway at one touch-down is cosh(omega T) = 1.9 times as wrong at
the next. From rest it steps for 2.7 s when the clock starts near `START_PHASE`, for 1.3 to 2 s elsewhere. The
thesis has no such reference; it is ours.
"""

from __future__ import annotations

from functools import lru_cache

import mujoco
import numpy as np

from mvp_real.control.locomotion.spaces import OBSERVATION, encode_targets, limit_action
from mvp_real.messages import FloatArray
from mvp_real.robots.digit import SIDES, load_digit, mirror_order
from mvp_real.sim.digit import carrying_torques, reduced_model, standing_position
from mvp_real.sim.digit.leg_inverse_kinematics import LEG_JOINTS, LegInverseKinematics
from mvp_real.tasks.digit.gait import Gait, desired_contact, foot_phases, foot_targets

TICKS = 40  # of a gait period
LEAD = 0.04  # s by which the targets are ahead of the clock
SAG = 0.018  # m by which the springs of a leg that carries everything give way; it reaches that much deeper
# The weight goes over from foot to foot more slowly than the gait's contacts: the legs give way by centimetres.
LOAD_DEVIATION = 0.08  # of the phase
# A robot at rest falls into the sway when the foot that stands first is left after asinh(tanh(omega T / 2)) / omega =
# 0.17 s, which is at phase 0.24 with this lead; in the simulation the best start is close by.
START_PHASE = 0.265
_DRIVEN = LEG_JOINTS[:4]  # those that an action moves
_GRAVITY = 9.806


class ReferenceGait:
    """Actions for each phase of the gait.

    Args:
        gait: Its shape.
        lead: s by which the targets are ahead of the clock.

    Attributes:
        targets: (40, 20) PD targets in motor order at phases 0, 1/40, ..., rad; the second half is the mirror image
            of the first.

    Raises:
        MvpRealError: A foot target cannot be reached.
    """

    def __init__(self, gait: Gait | None = None, lead: float = LEAD) -> None:
        gait = gait or Gait()
        self._model = reduced_model(appearance=False).compile()
        self._data = mujoco.MjData(self._model)
        self._standing = standing_position(self._model)
        self._inverse = LegInverseKinematics()
        phases = np.arange(TICKS // 2) / TICKS + lead / gait.period
        soles, height = self._soles()
        places = foot_targets(phases, np.zeros((len(phases), 3)), soles[:, :2], gait)
        places[..., 2] += soles[0, 2]
        places[..., 1] -= sway(phases, soles[0, 1], height, gait.period)[:, None]
        loads = desired_contact(foot_phases(phases), LOAD_DEVIATION)
        loads /= loads.sum(axis=1, keepdims=True)
        places[..., 2] -= SAG * loads
        half = np.array([self._targets(*tick) for tick in zip(places, loads, strict=True)])
        self.targets = np.concatenate([half, -half[:, mirror_order(load_digit().motors)]])
        self.targets.setflags(write=False)

    def action(self, observation: FloatArray) -> FloatArray:
        """(..., 36) actions for observations (..., 66), by their clock."""
        sine, cosine = np.moveaxis(np.asarray(observation)[..., OBSERVATION["clock"]], -1, 0)
        return self.at(np.arctan2(sine, cosine) / (2.0 * np.pi))

    def at(self, phase: FloatArray) -> FloatArray:
        """(..., 36) actions for phases (...), with the nominal gains."""
        return limit_action(encode_targets(self.targets_at(phase)))

    def targets_at(self, phase: FloatArray) -> FloatArray:
        """(..., 20) PD targets for phases (...), linear between the ticks, rad."""
        place = np.mod(np.asarray(phase, dtype=np.float64), 1.0) * TICKS
        tick = np.floor(place).astype(np.intp)
        share = (place - tick)[..., None]
        return self.targets[tick % TICKS] * (1.0 - share) + self.targets[(tick + 1) % TICKS] * share

    def _soles(self) -> tuple[FloatArray, float]:
        """(2, 3) places of the soles in the base frame in the default pose and the height of the centre of mass, m."""
        self._data.qpos[:] = self._standing
        mujoco.mj_kinematics(self._model, self._data)
        mujoco.mj_comPos(self._model, self._data)
        soles = np.array([self._data.site(f"{side}_sole").xpos for side in SIDES])
        return soles - self._standing[:3], float(self._data.subtree_com[0][2])

    def _targets(self, places: FloatArray, loads: FloatArray) -> FloatArray:
        """(20,) PD targets for places (2, 3) of the soles in the base frame and shares (2,) of the weight on them."""
        table = load_digit()
        self._data.qpos[:] = self._standing
        targets = np.array(table.default_pose)
        for side, place in zip(SIDES, places, strict=True):
            angles = dict(zip(LEG_JOINTS, self._inverse.solve(place, side=side), strict=True))
            for part, angle in angles.items():
                self._data.joint(f"{side}_{part}").qpos[0] = angle
                if part in _DRIVEN:
                    targets[table.motor(f"{side}_{part}")] = angle
            self._data.joint(f"{side}_tarsus").qpos[0] = -angles["knee"]
        lead = carrying_torques(self._model, self._data, loads) / table.kp
        lead[table.toe_indices] = 0.0
        return targets + lead


def sway(phase: FloatArray, half_stance: float, height: float, period: float) -> FloatArray:
    """How far the base is to the left, m, for phases (...): periodic motion of a linear inverted pendulum.

    `y = d (1 - cosh(omega t) / cosh(omega T / 2))` with t = 0 in the middle of a stance of length T = period / 2 on a
    foot at d, and omega^2 = g / height.

    Args:
        phase: Common phase of the gait.
        half_stance: Distance d of each sole from the middle, m.
        height: Of the centre of mass above the ground, m.
        period: Of the gait, s.
    """
    omega, stance = np.sqrt(_GRAVITY / height), 0.5 * period
    own = np.mod(phase, 1.0)
    time = (np.mod(own, 0.5) - 0.25) * period
    side = np.where(own < 0.5, half_stance, -half_stance)
    return side * (1.0 - np.cosh(omega * time) / np.cosh(omega * stance / 2.0))


@lru_cache(maxsize=1)
def _default_gait() -> ReferenceGait:
    return ReferenceGait()


def reference_targets(phase: FloatArray) -> FloatArray:
    """(..., 20) PD targets of the reference for the default gait at phases (...), rad."""
    return _default_gait().targets_at(phase)
