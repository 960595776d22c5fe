"""Inverse kinematics of arm and gripper with mink: frame and posture tasks within the joint limits, solved
by daqp.
"""

from __future__ import annotations

import mujoco
import numpy as np

from mvp_real.errors import require
from mvp_real.messages import FloatArray
from mvp_real.sim.scene import attach_gripper, xarm7_spec

mink = require("mink", "sim")

# Solve on the arm alone: 9 degrees of freedom instead of the scene's 57.
_ITERATIONS = 20
_POSITION_TOLERANCE = 1e-4
_ROTATION_TOLERANCE = 1e-3


class ArmInverseKinematics:
    """Joint angles for poses of the tool centre point.

    Args:
        rest: (7,) joint angles that the redundant arm stays close to, rad.
        margin: Distance kept from the joint limits, rad.
    """

    def __init__(self, rest: FloatArray, margin: float = 0.06) -> None:
        model = attach_gripper(xarm7_spec()).compile()
        model.jnt_range[:7] += np.array([margin, -margin])
        self._rest = np.concatenate([rest, np.zeros(model.nq - 7)])
        self._configuration = mink.Configuration(model)
        self._frame = mink.FrameTask("gripper/tcp", "site", position_cost=1.0, orientation_cost=0.5)
        self._posture = mink.PostureTask(model, cost=1e-3)
        self._posture.set_target(self._rest)
        self._limits = [mink.ConfigurationLimit(model)]
        self._model = model

    def solve(self, pose: FloatArray, start: FloatArray) -> tuple[FloatArray, bool]:
        """Joint angles (7,) near `start` for a pose (4, 4) of the tool centre point in the base frame.

        Returns the angles and whether the pose was reached within 0.1 mm and 1 mrad.
        """
        position = self._rest.copy()
        position[:7] = np.clip(start, self._model.jnt_range[:7, 0], self._model.jnt_range[:7, 1])
        self._configuration.update(position)
        self._frame.set_target(mink.SE3.from_matrix(pose))
        reached = False
        for _ in range(_ITERATIONS):
            error = self._frame.compute_error(self._configuration)
            reached = bool(
                np.linalg.norm(error[:3]) < _POSITION_TOLERANCE
                and np.linalg.norm(error[3:]) < _ROTATION_TOLERANCE
            )
            if reached:
                break
            velocity = mink.solve_ik(
                self._configuration,
                [self._frame, self._posture],
                1.0,
                "daqp",
                damping=1e-4,
                limits=self._limits,
            )
            velocity[7:] = 0.0
            self._configuration.integrate_inplace(velocity, 1.0)
        return self._configuration.q[:7].copy(), reached


def downward_pose(
    x: float, y: float, z: float, yaw: float = 0.0, tilt: tuple[float, float] = (0.0, 0.0)
) -> FloatArray:
    """Pose (4, 4) of the tool centre point looking down, m and rad.

    Args:
        x, y, z: Position in the base frame.
        yaw: Turn of the gripper about the vertical, positive as seen from above to the left.
        tilt: Rotation about base x and y after that.
    """
    quaternion = np.zeros(4)
    mujoco.mju_euler2Quat(quaternion, np.array([np.pi, 0.0, yaw]), "XYZ")
    tilted, turn = np.zeros(4), np.zeros(4)
    mujoco.mju_euler2Quat(turn, np.array([tilt[0], tilt[1], 0.0]), "XYZ")
    mujoco.mju_mulQuat(tilted, turn, quaternion)
    pose = np.eye(4)
    rotation = np.zeros(9)
    mujoco.mju_quat2Mat(rotation, tilted)
    pose[:3, :3] = rotation.reshape(3, 3)
    pose[:3, 3] = (x, y, z)
    return pose
