"""States with closed loops: where rods and feet of the full model are when the motors stand at given angles."""

from __future__ import annotations

import mujoco
import numpy as np

from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray
from mvp_real.robots.digit import SIDES, load_digit
from mvp_real.sim.digit.readout import JointReadout

_ITERATIONS = 40
_TOLERANCE = 1e-10  # m
_LARGEST_STEP = 0.2  # rad


def loop_gaps(model: mujoco.MjModel, data: mujoco.MjData) -> FloatArray:
    """(6,) distance of each rod's end from where it is held, m; needs `mj_kinematics` before."""
    return np.linalg.norm(_gaps(model, data).reshape(-1, 3), axis=1)


def close_loops(model: mujoco.MjModel, qpos: FloatArray) -> FloatArray:
    """(61,) state with the motors and the base of `qpos`, springs at rest and all loops closed.

    Gauss-Newton on the 18 coordinates of the gaps over tarsi, feet and rods; shins and heel springs stay at zero. The
    smallest step is taken, so that rods do not turn about themselves.

    Args:
        model: Compiled full model.
        qpos: (61,) start; its rods and feet should not be far off.

    Raises:
        MvpRealError: The rods cannot reach for these motor angles.
    """
    data = mujoco.MjData(model)
    data.qpos[:] = qpos
    for joint in ("shin", "heel_spring"):
        for side in SIDES:
            data.joint(f"{side}_{joint}").qpos[0] = 0.0
    free = _free_velocities(model)
    for _ in range(_ITERATIONS):
        mujoco.mj_kinematics(model, data)
        mujoco.mj_comPos(model, data)
        gaps = _gaps(model, data)
        if np.abs(gaps).max() < _TOLERANCE:
            return data.qpos.copy()
        step = np.zeros(model.nv)
        step[free] = -np.linalg.lstsq(_jacobian(model, data)[:, free], gaps, rcond=1e-9)[0]
        step *= min(1.0, _LARGEST_STEP / max(float(np.abs(step).max()), 1e-12))
        mujoco.mj_integratePos(model, data.qpos, step, 1.0)
    worst = model.equality(int(loop_gaps(model, data).argmax())).name
    raise MvpRealError(
        f"the rods of Digit do not close: '{worst}' stays {np.abs(gaps).max() * 1e3:.2f} mm apart; start from motor "
        "angles closer to those of the state, or inside the ranges of knee and toes"
    )


def standing_position(model: mujoco.MjModel) -> FloatArray:
    """(nq,) state of either model in the default pose, upright at the origin, the soles on level ground at 0.

    The loops of the full model are closed.
    """
    readout = JointReadout(model)
    qpos = model.qpos0.copy()
    qpos[:7] = (0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)
    readout.set_motor_position(qpos, load_digit().default_pose)
    if not readout.reduced:
        qpos = close_loops(model, qpos)
    data = mujoco.MjData(model)
    data.qpos[:] = qpos
    mujoco.mj_kinematics(model, data)
    qpos[2] = -min(float(data.site(f"{side}_sole").xpos[2]) for side in SIDES)
    return qpos


def _free_velocities(model: mujoco.MjModel) -> list[int]:
    """Degrees of freedom that the loops determine: tarsi, foot joints and rods."""
    motors = load_digit().motors
    fixed = {*motors, "base", *(f"{side}_{part}" for side in SIDES for part in ("shin", "heel_spring"))}
    free: list[int] = []
    for index in range(model.njnt):
        joint = model.joint(index)
        if joint.name not in fixed:
            size = 3 if joint.type[0] == mujoco.mjtJoint.mjJNT_BALL else 1
            free.extend(range(int(joint.dofadr[0]), int(joint.dofadr[0]) + size))
    return free


def _ends(model: mujoco.MjModel, data: mujoco.MjData, loop: int) -> list[tuple[int, FloatArray]]:
    """Body and world place of both ends that the connect constraint `loop` holds together."""
    anchors = model.eq_data[loop].reshape(-1)[:6].reshape(2, 3)
    bodies = (int(model.eq_obj1id[loop]), int(model.eq_obj2id[loop]))
    return [
        (body, data.xpos[body] + data.xmat[body].reshape(3, 3) @ anchor)
        for body, anchor in zip(bodies, anchors, strict=True)
    ]


def _gaps(model: mujoco.MjModel, data: mujoco.MjData) -> FloatArray:
    gaps = np.empty((model.neq, 3))
    for loop in range(model.neq):
        (_, first), (_, second) = _ends(model, data, loop)
        gaps[loop] = first - second
    return gaps.reshape(-1)


def _jacobian(model: mujoco.MjModel, data: mujoco.MjData) -> FloatArray:
    jacobian = np.zeros((model.neq, 3, model.nv))
    row = np.zeros((3, model.nv))
    for loop in range(model.neq):
        for sign, (body, place) in zip((1.0, -1.0), _ends(model, data, loop), strict=True):
            mujoco.mj_jac(model, data, row, None, place, body)
            jacobian[loop] += sign * row
    return jacobian.reshape(-1, model.nv)
