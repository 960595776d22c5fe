"""The robot's body: our full MuJoCo model at 1 kHz, driven as the robot's own motor drives do it.

The hoist and PD control of the default pose stand in for the vendor's standing controller, which is not public; and for
the people with a crane who put a fallen robot on its feet before that controller can stand.
"""

from __future__ import annotations

from enum import Enum

import numpy as np

from mvp_real.messages import FloatArray
from mvp_real.robots.digit_limits import fall_reason
from mvp_real.robots.digit_link.command import MotorCommand
from mvp_real.robots.digit_link.observation import MotorLimits, Observation
from mvp_real.sim.digit.stage import Terrain
from mvp_real.sim.simulated_digit import LOWERING, SimulatedDigit

NORMAL_DAMPING = 0.2  # of the limit, by the vendor
MAGNETIC_FIELD = np.array([0.2, 0.0, -0.4])  # gauss in the world frame, somewhere in the north


class Mode(Enum):
    """Who moves the motors."""

    DISABLED = "disabled"
    DAMPING = "damping"
    LOCOMOTION = "locomotion"
    LOW_LEVEL = "low-level"


class DigitBody(SimulatedDigit):
    """Physics with torque control.

    Args:
        terrain, payload, hold: As `SimulatedDigit`.

    Attributes:
        mode: Who moves the motors.
        limits: What commands are clamped to.
        clamped: Commands that had to be.
    """

    def __init__(self, terrain: Terrain | None = None, payload: float = 0.0, hold: bool = False) -> None:
        super().__init__(terrain, payload, hold)
        self.mode = Mode.LOCOMOTION
        self.clamped = 0
        self._stays_on_hoist = hold
        count = len(self.table.motors)
        self._zero = np.zeros(count)
        self._torque, self._damping = self._zero, self._zero
        # The law's only limits that are known are those of torque and speed; nominal damping is a usual value.
        self.limits = MotorLimits(
            self.table.torque_limit, self.table.kd / NORMAL_DAMPING, self.table.speed_limit, 2.0
        )

    def set_mode(self, mode: Mode) -> None:
        """Hand the motors over."""
        if mode is self.mode:
            return
        before, self.mode, self._changed = self.mode, mode, True
        if mode is Mode.LOCOMOTION:
            posture = self.posture()
            if fall_reason(posture.gravity, posture.height):
                self.stand_up()
            else:
                self._catch()
        elif mode is Mode.LOW_LEVEL and before is Mode.LOCOMOTION and not self._stays_on_hoist:
            self.hoist.lower(LOWERING)

    def drive(self, command: MotorCommand) -> None:
        """Take a command, clamped; it moves the motors in the mode LOW_LEVEL."""
        limits = self.limits
        torque = np.clip(command.torque, -limits.torque, limits.torque)
        velocity = np.clip(command.velocity, -limits.velocity, limits.velocity)
        damping = np.clip(command.damping, 0.0, limits.damping)
        given = np.concatenate([command.torque, command.velocity, command.damping])
        self.clamped += not np.array_equal(given, np.concatenate([torque, velocity, damping]))
        self._torque, self._damping = torque + damping * velocity, damping
        self._changed |= self.mode is Mode.LOW_LEVEL

    def observe(self, time: float, error: bool) -> Observation:
        """What the robot would send; `time` is its own, s. Base velocities are given in the world frame."""
        joints, imu, base = self.joint_reading(), self.imu_reading(), self.base_reading()
        assert joints.velocity is not None
        assert joints.effort is not None
        count = len(self.table.motors)
        rotation = self._rotation()
        return Observation(
            time=time,
            error=error,
            motor_position=joints.position[:count],
            motor_velocity=joints.velocity[:count],
            motor_torque=joints.effort[:count],
            joint_position=joints.position[count:],
            joint_velocity=joints.velocity[count:],
            base_position=base.position,
            base_orientation=imu.orientation,
            base_linear_velocity=self.data.qvel[:3].copy(),
            base_angular_velocity=rotation @ imu.angular_velocity,
            imu_orientation=imu.orientation,
            imu_angular_velocity=imu.angular_velocity,
            imu_linear_acceleration=self.linear_acceleration(),
            magnetic_field=rotation.T @ MAGNETIC_FIELD,
            battery=87,
        )

    def _rotation(self) -> FloatArray:
        w, x, y, z = self.data.qpos[3:7]
        return np.array(
            [
                [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
                [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
                [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
            ]
        )

    def _apply(self) -> None:
        """Give the actuators what the mode asks for; a weak motor does less of all of it."""
        if not self._changed:
            return
        self._changed = False
        table = self.table
        if self.mode is Mode.LOCOMOTION:
            self._act(table.default_pose, table.kp, table.kp, table.kd)
        elif self.mode is Mode.LOW_LEVEL:
            self._act(self._torque, np.ones_like(self._zero), self._zero, self._damping)
        elif self.mode is Mode.DAMPING:
            self._act(self._zero, self._zero, self._zero, table.kd)
        else:
            self._act(self._zero, self._zero, self._zero, self._zero)

    def _act(self, control: FloatArray, gain: FloatArray, stiffness: FloatArray, damping: FloatArray) -> None:
        """Torque = gain control - stiffness q - damping qdot, clipped at the motors' limits by the model."""
        self.data.ctrl[:] = control
        self.model.actuator_gainprm[:, 0] = self._strength * gain
        self.model.actuator_biasprm[:, 1] = -self._strength * stiffness
        self.model.actuator_biasprm[:, 2] = -self._strength * damping
