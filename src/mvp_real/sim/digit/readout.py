"""Reading the 20 motors and 10 passive joints of the robot's table out of either model's state, and back."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray

from mvp_real.messages import FloatArray
from mvp_real.robots.digit import SIDES, load_digit
from mvp_real.sim.digit.toe_map import crank_angles, foot_angles

# How the full model's leaf springs share the deflection of the four-bar, knee + tarsus (see `LEAF_STIFFNESS`).
SHIN_SHARE = -0.415
HEEL_SHARE = -0.36


class JointReadout:
    """Positions and velocities by the robot's names, batched over any leading dimensions.

    Works on both models. The reduced one has no shin, no heel spring and no toe cranks: the springs read as the full
    model's do under the same deflection of the four-bar, the cranks are what the toe map gives for the foot's pitch
    and roll.

    Args:
        model: Compiled full or reduced model.

    Attributes:
        reduced: Whether the model is the reduced one.
    """

    def __init__(self, model: mujoco.MjModel) -> None:
        table = load_digit()
        names = [model.joint(k).name for k in range(model.njnt)]
        self.reduced = "left_toe_A" not in names
        self._toe_a, self._toe_b = table.toe_indices[0::2], table.toe_indices[1::2]
        motors = list(table.motors)
        if self.reduced:
            for slot in table.toe_indices:
                motors[slot] = motors[slot].replace("toe_A", "toe_pitch").replace("toe_B", "toe_roll")
        self._motor_position = _addresses(model, model.jnt_qposadr, motors)
        self._motor_velocity = _addresses(model, model.jnt_dofadr, motors)
        # A spring that is fused borrows the address of the tarsus, until `_joints` replaces what was read there.
        passive = [name if name in names else f"{name.partition('_')[0]}_tarsus" for name in table.joints]
        self._springs = [
            (
                table.joints.index(f"{side}_{part}"),
                table.joints.index(f"{side}_tarsus"),
                table.motor(f"{side}_knee"),
                share,
            )
            for side in SIDES
            for part, share in (("shin", SHIN_SHARE), ("heel_spring", HEEL_SHARE))
            if self.reduced
        ]
        self._joint_position = _addresses(model, model.jnt_qposadr, passive)
        self._joint_velocity = _addresses(model, model.jnt_dofadr, passive)

    def motor_position(self, qpos: FloatArray) -> FloatArray:
        """(..., 20) motor angles in rad of states (..., nq)."""
        return self._motors(qpos[..., self._motor_position])

    def motor_velocity(self, qvel: FloatArray) -> FloatArray:
        """(..., 20) motor speeds in rad/s of velocities (..., nv)."""
        return self._motors(qvel[..., self._motor_velocity])

    def joint_position(self, qpos: FloatArray) -> FloatArray:
        """(..., 10) angles of the passive joints in rad of states (..., nq)."""
        return self._joints(qpos[..., self._joint_position], qpos[..., self._motor_position])

    def joint_velocity(self, qvel: FloatArray) -> FloatArray:
        """(..., 10) speeds of the passive joints in rad/s of velocities (..., nv)."""
        return self._joints(qvel[..., self._joint_velocity], qvel[..., self._motor_velocity])

    def control(self, targets: FloatArray) -> FloatArray:
        """(..., 20) `ctrl` of the model for PD targets (..., 20) of the motors, rad."""
        control = np.array(targets, dtype=np.float64)
        if self.reduced:
            a, b = self._toe_a, self._toe_b
            control[..., a], control[..., b] = foot_angles(targets[..., a], targets[..., b])
        return control

    def set_motor_position(self, qpos: FloatArray, position: FloatArray) -> None:
        """Write motor angles (..., 20) into states (..., nq) in place; passive joints stay as they are.

        In the full model the loops are open afterwards (`close_loops`); in the reduced one the tarsus is set against
        the knee.
        """
        qpos[..., self._motor_position] = self.control(position)
        if self.reduced:
            table = load_digit()
            tarsus = [table.joints.index(f"{side}_tarsus") for side in ("left", "right")]
            qpos[..., self._joint_position[tarsus]] = -position[..., table.indices("knee")]

    def _motors(self, values: FloatArray) -> FloatArray:
        if self.reduced:
            a, b = self._toe_a, self._toe_b
            values[..., a], values[..., b] = crank_angles(values[..., a], values[..., b])
        return values

    def _joints(self, values: FloatArray, motors: FloatArray) -> FloatArray:
        for spring, tarsus, knee, share in self._springs:
            values[..., spring] = share * (motors[..., knee] + values[..., tarsus])
        return values


def _addresses(model: mujoco.MjModel, first: NDArray[np.int32], names: list[str]) -> NDArray[np.intp]:
    return np.array([first[model.joint(name).id] for name in names], dtype=np.intp)
