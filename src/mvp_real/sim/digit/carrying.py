"""Torques that carry the robot: what the motors must give when the feet push with chosen forces and nothing moves."""

from __future__ import annotations

from functools import lru_cache

import mujoco
import numpy as np

from mvp_real.messages import FloatArray
from mvp_real.robots.digit import SIDES, load_digit
from mvp_real.sim.digit.loops import standing_position
from mvp_real.sim.digit.reduced import reduced_model
from mvp_real.sim.digit.toe_map import PITCH_RATIO, ROLL_RATIO


def carrying_torques(
    model: mujoco.MjModel, data: mujoco.MjData, carried: FloatArray, towards_center: bool = True
) -> FloatArray:
    """(20,) torques of the motors of the reduced model in the state of `data`, Nm, in motor order.

    Gravity is held against the forces of the feet by the principle of virtual work; the base need not be in balance.
    Divided by the stiffness of the motors and added to a PD target, they keep the robot from sagging.

    Args:
        model: Compiled reduced model.
        data: State; its positions are evaluated anew.
        carried: (2,) shares of the weight on the left and the right sole's centre.
        towards_center: Whether each force points from the sole through the centre of mass, as in a linear inverted
            pendulum, rather than straight up.
    """
    mujoco.mj_kinematics(model, data)
    mujoco.mj_comPos(model, data)
    needed = _gravity(model, data)
    center, weight = data.subtree_com[0], float(model.body_mass.sum()) * -float(model.opt.gravity[2])
    jacobian = np.zeros((3, model.nv))
    for side, share in zip(SIDES, carried, strict=True):
        sole = data.site(f"{side}_sole")
        line = center - sole.xpos if towards_center else np.array([0.0, 0.0, 1.0])
        mujoco.mj_jacSite(model, data, jacobian, None, sole.id)
        needed -= jacobian.T @ (share * weight * line / line[2])
    return _at_motors(model, needed)


@lru_cache(maxsize=1)
def standing_targets() -> FloatArray:
    """(20,) PD targets that hold the default pose against gravity on both feet at the nominal gains, rad.

    Without this lead the knees, which carry 58 Nm each, give way at once. It still is no balance: the ankles are softer
    than gravity is steep, so that the robot falls after some seconds unless it steps.
    """
    table = load_digit()
    model = reduced_model(appearance=False).compile()
    data = mujoco.MjData(model)
    data.qpos[:] = standing_position(model)
    torques = carrying_torques(model, data, np.array([0.5, 0.5]), towards_center=False)
    targets: FloatArray = table.default_pose + torques / table.kp
    targets.setflags(write=False)
    return targets


def _gravity(model: mujoco.MjModel, data: mujoco.MjData) -> FloatArray:
    """(nv,) generalised forces that hold every body against gravity."""
    needed = np.zeros(model.nv)
    jacobian = np.zeros((3, model.nv))
    for body in range(1, model.nbody):
        mujoco.mj_jacBodyCom(model, data, jacobian, None, body)
        needed -= model.body_mass[body] * jacobian.T @ model.opt.gravity
    return needed


def _at_motors(model: mujoco.MjModel, needed: FloatArray) -> FloatArray:
    """(20,) motor torques for generalised forces (nv,) of the reduced model."""
    table = load_digit()
    torques = np.zeros(len(table.motors))

    def force(joint: str) -> float:
        return float(needed[model.joint(joint).dofadr[0]])

    for motor, name in enumerate(table.motors):
        side, part = name.split("_", 1)
        if part == "knee":
            # What turns the tarsus comes through the leaf spring, which pushes the knee as much.
            torques[motor] = force(name) - force(f"{side}_tarsus")
        elif part in ("toe_A", "toe_B"):
            sign = -1.0 if part == "toe_A" else 1.0
            pitch, roll = force(f"{side}_toe_pitch"), force(f"{side}_toe_roll")
            torques[motor] = (ROLL_RATIO * roll + sign * PITCH_RATIO * pitch) / 2.0
        else:
            torques[motor] = force(name)
    return torques
