"""The one spring of the reduced model against the leaf springs and loops of the full model, standing under load."""

from __future__ import annotations

import copy

import mujoco
import numpy as np
import pytest

from mvp_real.robots.digit import load_digit
from mvp_real.sim.digit import JointReadout, standing_position

TABLE = load_digit()
KNEE, TARSUS, SHIN, HEEL = (
    TABLE.motor("left_knee"),
    *(TABLE.joints.index(f"left_{part}") for part in ("tarsus", "shin", "heel_spring")),
)


def stand(model: mujoco.MjModel, gravity: float) -> dict[str, float]:
    """Deflections, rad, knee torque, Nm, and height, m, after 0.8 s on stiff legs under a multiple of gravity."""
    model = copy.copy(model)
    model.opt.gravity[2] *= gravity
    stiffer = np.ones(20)
    stiffer[:12], stiffer[TABLE.toe_indices] = 4.0, 8.0
    model.actuator_gainprm[:, 0] *= stiffer
    model.actuator_biasprm[:, 1] *= stiffer
    model.actuator_biasprm[:, 2] *= np.sqrt(stiffer)
    data, readout = mujoco.MjData(model), JointReadout(model)
    data.qpos[:] = standing_position(model)
    data.ctrl[:] = readout.control(TABLE.default_pose)
    for _ in range(round(0.8 / model.opt.timestep)):
        mujoco.mj_step(model, data)
    joints = readout.joint_position(data.qpos)
    return {
        "sum": readout.motor_position(data.qpos)[KNEE] + joints[TARSUS],
        "shin": joints[SHIN],
        "heel": joints[HEEL],
        "torque": data.actuator_force[KNEE],
        "height": data.qpos[2],
    }


@pytest.mark.parametrize("gravity", [0.5, 1.0, 1.5])
def test_both_models_give_way_alike(full: mujoco.MjModel, reduced: mujoco.MjModel, gravity: float) -> None:
    one, other = stand(full, gravity), stand(reduced, gravity)
    assert other["sum"] / other["torque"] == pytest.approx(one["sum"] / one["torque"], rel=0.08)
    assert other["shin"] == pytest.approx(one["shin"], rel=0.15, abs=0.001)
    assert other["heel"] == pytest.approx(one["heel"], rel=0.2, abs=0.001)
    assert other["height"] == pytest.approx(one["height"], abs=0.015)
