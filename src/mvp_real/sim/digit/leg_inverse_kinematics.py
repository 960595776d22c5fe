"""Inverse kinematics of a leg: its six driven joints for a place and a direction of a flat sole."""

from __future__ import annotations

import mujoco
import numpy as np

from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray
from mvp_real.sim.digit.reduced import reduced_model

LEG_JOINTS = ("hip_roll", "hip_yaw", "hip_pitch", "knee", "toe_pitch", "toe_roll")
_START = np.array([0.33, -0.03, 0.32, 0.36, 0.12, -0.03])  # standing, left leg
_KNEE = LEG_JOINTS.index("knee")
_DAMPING = 1e-6
_LARGEST_STEP = 0.3  # rad in one iteration, so that a far target does not fold the leg over
_ITERATIONS = 60
_TOLERANCE = 1e-6


class LegInverseKinematics:
    """Solves for the left leg on the reduced model; the right leg is the mirror image.

    The tarsus turns against the knee, as the four-bar makes it without load.
    """

    def __init__(self) -> None:
        self._model = reduced_model(appearance=False).compile()
        self._data = mujoco.MjData(self._model)
        self._data.qpos[:7] = (0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)
        joints = [self._model.joint(f"left_{name}") for name in LEG_JOINTS]
        tarsus = self._model.joint("left_tarsus")
        self._positions = np.array([int(joint.qposadr[0]) for joint in joints])
        self._velocities = np.array([int(joint.dofadr[0]) for joint in joints])
        self._tarsus_position, self._tarsus_velocity = int(tarsus.qposadr[0]), int(tarsus.dofadr[0])
        self._sole = self._model.site("left_sole").id
        ranges = np.array([joint.range for joint in joints])
        self._lower, self._upper = ranges[:, 0], ranges[:, 1]

    def solve(
        self, position: FloatArray, yaw: float = 0.0, side: str = "left", start: FloatArray | None = None
    ) -> FloatArray:
        """Joint angles (6,) in the order of `LEG_JOINTS`, rad.

        Args:
            position: (3,) centre of the sole in the base frame, m; its surface is level.
            yaw: Direction of the sole in the base frame, rad, positive to the left.
            side: "left" or "right".
            start: (6,) angles of that leg to start from; None for standing.

        Raises:
            MvpRealError: The place cannot be reached within the ranges of the joints.
        """
        sign = 1.0 if side == "left" else -1.0
        target = np.array([position[0], sign * position[1], position[2]])
        angles = _START.copy() if start is None else sign * np.asarray(start, dtype=np.float64)
        cosine, sine = np.cos(sign * yaw), np.sin(sign * yaw)
        goal = np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])
        for _ in range(_ITERATIONS):
            residual, jacobian = self._linearise(angles, target, goal)
            if np.abs(residual).max() < _TOLERANCE:
                return sign * angles
            normal = jacobian.T @ jacobian + _DAMPING * np.eye(len(angles))
            step = np.linalg.solve(normal, jacobian.T @ residual)
            step *= min(1.0, _LARGEST_STEP / max(float(np.abs(step).max()), 1e-12))
            angles = np.clip(angles + step, self._lower, self._upper)
        raise MvpRealError(
            f"the {side} foot cannot stand at ({position[0]:.3f}, {position[1]:.3f}, {position[2]:.3f}) m, "
            f"yaw {yaw:.2f} rad in the base frame: {np.abs(residual).max():.1e} left after {_ITERATIONS} "
            "iterations; choose a place closer to (-0.05, 0.14, -1.0)"
        )

    def _linearise(
        self, angles: FloatArray, target: FloatArray, goal: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """What is left to the goal (6,) in m and rad, and its derivative (6, 6) by the joint angles."""
        data = self._data
        data.qpos[self._positions] = angles
        data.qpos[self._tarsus_position] = -angles[_KNEE]
        mujoco.mj_kinematics(self._model, data)
        mujoco.mj_comPos(self._model, data)
        rotation = data.site_xmat[self._sole].reshape(3, 3)
        # Half the sum of the cross products of the axes: the sine of the angle left, times its axis.
        turn = 0.5 * np.cross(rotation, goal, axisa=0, axisb=0, axisc=0).sum(axis=1)
        whole = np.zeros((6, self._model.nv))
        mujoco.mj_jacSite(self._model, data, whole[:3], whole[3:], self._sole)
        jacobian = whole[:, self._velocities]
        jacobian[:, _KNEE] -= whole[:, self._tarsus_velocity]
        return np.concatenate([target - data.site_xpos[self._sole], turn]), jacobian
