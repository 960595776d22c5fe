"""Digit hanging from a hoist: the base stays where it is while the motors follow their targets."""

from __future__ import annotations

import mujoco

from mvp_real.messages import FloatArray
from mvp_real.sim.digit import JointReadout


def hang(model: mujoco.MjModel, targets: FloatArray, seconds: float, gravity: bool = True) -> mujoco.MjData:
    """State after holding the motors at `targets` (20,) rad with the base fixed 3 m above the ground.

    Starts at the zero pose, where every loop is closed.
    """
    carried = model.__copy__()
    if not gravity:
        carried.opt.gravity[:] = 0.0
    data = mujoco.MjData(carried)
    data.ctrl[:] = JointReadout(carried).control(targets)
    for _ in range(round(seconds / carried.opt.timestep)):
        data.qpos[:7] = (0.0, 0.0, 3.0, 1.0, 0.0, 0.0, 0.0)
        data.qvel[:6] = 0.0
        mujoco.mj_step(carried, data)
    mujoco.mj_forward(carried, data)
    return data
