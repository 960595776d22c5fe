"""The grasp matrix: every fruit, held by the pads, survives lifting and shaking; four offsets at a time in
one batch.
"""

from __future__ import annotations

import numpy as np
import pytest

from mvp_real.sim.fruit import FRUITS
from mvp_real.sim.gripper import STROKE
from mvp_real.sim.inverse_kinematics import ArmInverseKinematics, downward_pose
from mvp_real.sim.mujoco_backend import MujocoBackend
from mvp_real.sim.scene import tabletop_spec
from mvp_real.tasks.pick_fruit import load_task

REST = np.array(load_task().start_joints)
OFFSETS = np.array([[0.0, 0.0], [0.005, 0.004], [-0.005, -0.006], [0.004, 0.007]])


@pytest.mark.parametrize("name", list(FRUITS))
def test_fruit_is_held(name: str) -> None:
    solver = ArmInverseKinematics(REST)
    backend = MujocoBackend(
        tabletop_spec(fruits=[name], distractors=[]), len(OFFSETS), decimation=50, threads=1
    )
    height = FRUITS[name].rest_height
    down, _ = solver.solve(downward_pose(0.42, 0.0, height), REST)
    up, _ = solver.solve(downward_pose(0.42, 0.0, height + 0.15), REST)
    poses = np.array([[0.42 + x, y, height, 1.0, 0.0, 0.0, 0.0] for x, y in OFFSETS])
    joints = np.append(down, [STROKE / 2, STROKE / 2])
    backend.reset(joint_pos=np.tile(joints, (4, 1)), body_pose={f"fruit/{name}": poses})
    for opening in np.linspace(STROKE, 0.0, 8):
        backend.set_joint_targets(np.tile(np.append(down, opening), (4, 1)))
        backend.step()
    for share in np.linspace(0.0, 1.0, 8):
        backend.set_joint_targets(np.tile(np.append(down + share * (up - down), 0.0), (4, 1)))
        backend.step()
    for shake in (0.06, -0.06, 0.06, 0.0, 0.0):
        target = np.append(up, 0.0)
        target[0] += shake
        backend.set_joint_targets(np.tile(target, (4, 1)))
        backend.step(2)
    held = backend.body_state(f"fruit/{name}")[0][:, 2] > 0.10
    assert held.all(), f"{name}: {held.sum()} of 4 held"
    assert not backend.diverged().any()
