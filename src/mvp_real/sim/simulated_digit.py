"""The simulated Digit behind the same limiter as the real one: a policy cannot tell them apart.

The motors' PD law runs inside the physics at 1 kHz, with the gains and targets that the limiter puts out and torques
clipped at the limits. While the driver is disabled a hoist and PD control of the default pose stand in for the vendor's
standing controller (`sim.hoist`).
"""

from __future__ import annotations

import mujoco
import numpy as np

from mvp_real.geometry import projected_gravity
from mvp_real.messages import BaseReading, FloatArray, ImuReading, JointReading, PdCommand
from mvp_real.robots.digit import SIDES, load_digit
from mvp_real.robots.digit_limiter import DigitLimiter, DigitVerdict, Posture
from mvp_real.robots.verdict import DriverState
from mvp_real.sim.digit import JointReadout, full_model
from mvp_real.sim.digit.loops import close_loops
from mvp_real.sim.digit.stage import Terrain
from mvp_real.sim.hoist import Hoist

# rclpy takes a clock at zero for one that has not started yet.
FIRST_MILLISECOND = 1000
WATCH_MS = 5  # between two looks of the driver after falls and silence
GAP = 0.002  # m between soles and ground while the robot hangs
LOWERING = 0.5  # s, as the policy's targets are blended in


class SimulatedDigit:
    """Physics, driver and clock of one robot.

    Args:
        terrain: Adds the ground to the model; None for a plane.
        payload: kg on the back.
        hold: Never lower the hoist, as for first tests: the robot steps without carrying itself.
        appearance: Add the shapes that are only for pictures.

    Attributes:
        model, data: Of MuJoCo; whoever looks must not change them.
        limiter: The driver's output filter.
        hoist: The hoist.
        episode: Number of times the robot was put on its feet.
        milliseconds: The robot's clock.
    """

    def __init__(
        self,
        terrain: Terrain | None = None,
        payload: float = 0.0,
        hold: bool = False,
        appearance: bool = False,
    ) -> None:
        spec = full_model(terrain=terrain, appearance=appearance)
        if payload > 0.0:
            add_payload(spec, payload)
        self.model: mujoco.MjModel = spec.compile()
        self.data = mujoco.MjData(self.model)
        if round(1000 * self.model.opt.timestep) != 1:
            raise AssertionError("the full model steps at 1 kHz")
        self.table = load_digit()
        self.limiter = DigitLimiter()
        self.episode = 0
        self.milliseconds = FIRST_MILLISECOND
        self._hold = hold
        self._readout = JointReadout(self.model)
        self._soles = [self.model.site(f"{side}_sole").id for side in SIDES]
        self._strength = np.ones(len(self.table.motors))
        self._standing = self._standing_state()
        self._names = (*self.table.motors, *self.table.joints)
        self.hoist = Hoist(self.model, float(self._standing[2]))
        self._applied: PdCommand | None = None
        self._changed = True  # the actuators do not have what they should have
        self.stand_up()

    # Time.

    @property
    def now(self) -> float:
        """The robot's clock, s."""
        return self.milliseconds / 1000

    def advance(self, milliseconds: int) -> None:
        """Move physics and clock; the driver looks after the robot every 5 ms."""
        for _ in range(milliseconds):
            self._apply()
            self.hoist.apply(self.model, self.data)
            mujoco.mj_step(self.model, self.data)
            self.milliseconds += 1
            if self.milliseconds % WATCH_MS == 0:
                self.limiter.watch(self.posture(), self.now)

    # The driver.

    @property
    def state(self) -> DriverState:
        """State of the driver."""
        return self.limiter.state

    @property
    def reason(self) -> str:
        """Why the driver is not running; empty while it is."""
        return self.limiter.reason

    def command(self, command: PdCommand) -> DigitVerdict:
        """Hand in a command. With the first one after `enable` the hoist begins to lower."""
        before = self.limiter.output
        verdict = self.limiter.command(command, self.posture(), self.now)
        if before is None and self.limiter.output is not None and not self._hold:
            self.hoist.lower(LOWERING)
        return verdict

    def enable(self) -> DigitVerdict:
        """Wait for commands."""
        return self.limiter.enable(self.posture(), self.now)

    def disable(self) -> None:
        """Give the robot back to the stand-in of the vendor's controller, which carries it where it is."""
        self.limiter.disable()
        if self.state is DriverState.DISABLED:
            self._catch()

    def stop(self, reason: str) -> None:
        """Damp and latch."""
        self.limiter.stop(reason)

    def clear_fault(self) -> DigitVerdict:
        """Release a latched stop; the robot lies or hangs where it is until `home`."""
        return self.limiter.clear_fault(self.posture(), self.now)

    def home(self) -> DigitVerdict:
        """Put the robot on its feet again under the hoist, at the start. Only while the driver is disabled."""
        if self.state is DriverState.DISABLED:
            self.stand_up()
            return DigitVerdict(DriverState.DISABLED, "")
        return DigitVerdict(self.state, self.reason or "disable the driver first")

    # Faults of the robot itself.

    def weaken(self, motor: str, share: float) -> None:
        """Let a motor have only this share of the gains it is told; 1 mends it.

        Raises:
            MvpRealError: There is no such motor.
        """
        self._strength[self.table.motor(motor)] = share
        self._changed = True

    def push(self, speed: float) -> None:
        """Kick the base to its left with this speed, m/s."""
        rotation = np.empty(9)
        mujoco.mju_quat2Mat(rotation, self.data.qpos[3:7])
        self.data.qvel[:3] += speed * rotation.reshape(3, 3)[:, 1]

    # What the robot measures.

    def posture(self) -> Posture:
        """What the driver judges the robot by."""
        gravity = projected_gravity(self.data.qpos[3:7])
        return Posture(self._readout.motor_position(self.data.qpos), gravity, self.height, self.now)

    @property
    def height(self) -> float:
        """Height of the base above the lower sole, m: what the robot knows of its height above the ground."""
        return float(self.data.qpos[2] - self.data.site_xpos[self._soles, 2].min())

    def joint_reading(self) -> JointReading:
        """The 20 motors, then the 10 passive joints, with torques of the motors."""
        qpos, qvel = self.data.qpos, self.data.qvel
        position = np.concatenate([self._readout.motor_position(qpos), self._readout.joint_position(qpos)])
        velocity = np.concatenate([self._readout.motor_velocity(qvel), self._readout.joint_velocity(qvel)])
        effort = np.concatenate([self.data.actuator_force, np.zeros(len(self.table.joints))])
        return JointReading(self._names, position, velocity, self.now, effort)

    def imu_reading(self) -> ImuReading:
        """Orientation and angular velocity of the base."""
        return ImuReading(self.data.qpos[3:7].copy(), self.data.qvel[3:6].copy(), self.now)

    def linear_acceleration(self) -> FloatArray:
        """(3,) proper acceleration of the base in its own frame, m/s^2: 9.8 upwards at rest."""
        return self.data.sensor("imu_linear_acceleration").data.copy()

    def base_reading(self) -> BaseReading:
        """Place in the world, height above the lower sole, and velocity in the base frame."""
        rotation = np.empty(9)
        mujoco.mju_quat2Mat(rotation, self.data.qpos[3:7])
        position = np.array([self.data.qpos[0], self.data.qpos[1], self.height])
        return BaseReading(position, rotation.reshape(3, 3).T @ self.data.qvel[:3], self.now)

    def contact_forces(self) -> FloatArray:
        """(2,) forces on the left and the right sole, N."""
        return np.array([self.data.sensor(f"{side}_contact").data[0] for side in SIDES])

    # Inside.

    def stand_up(self) -> None:
        """Begin an episode: default pose at the start, carried by the hoist."""
        mujoco.mj_resetData(self.model, self.data)
        self.data.qpos[:] = self._standing
        self.data.ctrl[:] = self.table.default_pose
        self.hoist.catch(self.data.qpos[:3], 0.0)
        self._changed = True
        mujoco.mj_forward(self.model, self.data)
        self.episode += 1

    def _standing_state(self) -> FloatArray:
        qpos = self.model.qpos0.copy()
        qpos[:7] = (0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)
        self._readout.set_motor_position(qpos, self.table.default_pose)
        qpos = close_loops(self.model, qpos)
        self.data.qpos[:] = qpos
        mujoco.mj_kinematics(self.model, self.data)
        qpos[2] = GAP - self.data.site_xpos[self._soles, 2].min()
        return qpos

    def _catch(self) -> None:
        w, x, y, z = self.data.qpos[3:7]
        heading = float(np.arctan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z)))
        self.hoist.catch(self.data.qpos[:3], heading, float(self.data.site_xpos[self._soles, 2].min()))

    def _apply(self) -> None:
        """Give the actuators what the limiter puts out, or the default pose while the vendor has the robot."""
        output = self.limiter.output
        if output is self._applied and not self._changed:
            return
        self._applied, self._changed = output, False
        table = self.table
        position, kp, kd = (
            (table.default_pose, table.kp, table.kd)
            if output is None
            else (output.position, output.kp, output.kd)
        )
        self.data.ctrl[:] = position
        self.model.actuator_gainprm[:, 0] = self._strength * kp
        self.model.actuator_biasprm[:, 1] = -self._strength * kp
        self.model.actuator_biasprm[:, 2] = -self._strength * kd


def add_payload(spec: mujoco.MjSpec, mass: float) -> None:
    """Add a box of `mass` kg to the back of the base."""
    body = spec.body("base").add_body(name="payload", pos=(-0.19, 0.0, 0.30))
    body.add_geom(
        name="payload",
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=(0.08, 0.14, 0.18),
        mass=mass,
        contype=0,
        conaffinity=0,
        group=1,
        rgba=(0.55, 0.36, 0.20, 1.0),
    )
