"""The state in which an episode begins: the default pose, upright, the base at the origin."""

from __future__ import annotations

import mujoco
import numpy as np

from mvp_real.messages import FloatArray
from mvp_real.robots.digit import load_digit
from mvp_real.sim.digit import JointReadout


def standing_state(model: mujoco.MjModel) -> FloatArray:
    """(nq,) positions of either model in the default pose, base at (0, 0, 0), loops closed."""
    qpos = model.qpos0.copy()
    qpos[:7] = (0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)
    JointReadout(model).set_motor_position(qpos, np.array(load_digit().default_pose))
    return qpos
