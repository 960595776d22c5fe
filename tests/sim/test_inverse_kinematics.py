"""Inverse kinematics over the workspace of the task."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mvp_real.robots.kinematics import forward_kinematics
from mvp_real.robots.table import load_robot
from mvp_real.sim.inverse_kinematics import ArmInverseKinematics, downward_pose
from mvp_real.tasks.pick_fruit import load_task

REST = np.array(load_task().start_joints)
SOLVER = ArmInverseKinematics(REST)


@settings(max_examples=40, deadline=None)
@given(st.floats(0.30, 0.56), st.floats(-0.16, 0.16), st.floats(0.012, 0.28), st.floats(-0.6, 0.6))
def test_reaches_the_whole_task(x: float, y: float, z: float, yaw: float) -> None:
    pose = downward_pose(x, y, z, yaw)
    angles, reached = SOLVER.solve(pose, REST)
    assert reached
    table = load_robot("xarm7")
    np.testing.assert_allclose(forward_kinematics(angles, table.tool_offset), pose, atol=2e-3)
    assert np.all(angles > table.lower[:7] + table.position_margin)
    assert np.all(angles < table.upper[:7] - table.position_margin)


def test_out_of_reach_is_said() -> None:
    _, reached = SOLVER.solve(downward_pose(1.2, 0.0, 0.1), REST)
    assert not reached


def test_downward_pose_points_down_and_turns() -> None:
    pose = downward_pose(0.4, 0.1, 0.2, 0.3)
    np.testing.assert_allclose(pose[:3, 2], [0, 0, -1], atol=1e-12)
    np.testing.assert_allclose(pose[:3, 0], [np.cos(0.3), np.sin(0.3), 0], atol=1e-12)
    np.testing.assert_allclose(pose[:3, 3], [0.4, 0.1, 0.2])
