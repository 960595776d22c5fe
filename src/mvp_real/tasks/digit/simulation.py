"""N simulated Digits: PD targets and gains in, motion out, each with its own dynamics."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray

from mvp_real.control.locomotion.spaces import PdTargets
from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray
from mvp_real.robots.digit import SIDES, load_digit
from mvp_real.sim.digit import JointReadout, full_model, reduced_model, standing_position
from mvp_real.sim.digit.reduced import FUSED
from mvp_real.sim.digit.toe_map import foot_moments
from mvp_real.sim.engines import ENGINES, make_backend
from mvp_real.sim.mujoco_backend import MujocoBackend
from mvp_real.tasks.digit.config import Start, WalkConfig
from mvp_real.tasks.digit.dynamics import LINKS, Dynamics, contact_reference
from mvp_real.tasks.digit.motion import Motion, rotation_matrices
from mvp_real.tasks.digit.terrain import Ground

Rows = NDArray[np.intp] | slice
EVERY = slice(None)
# Joints outside the loops of the full model, so that a start pose may deviate there.
_FREE_PARTS = (
    "hip_roll", "hip_yaw", "hip_pitch", "shoulder_roll", "shoulder_pitch", "shoulder_yaw", "elbow",
)  # fmt: skip
_SOLE_CORNERS = np.array(
    [[x, y] for x in (-0.1175, 0.1175) for y in (-0.04, 0.04)]
)  # m, as of the foot's box
_START_GAP = 0.002  # m between the soles and the ground at the start


class DigitSimulation:
    """The physics of the walking environment on either model.

    Args:
        config: Number of robots, model, time step, engine, device, threads.
        ground: The terrain.

    Attributes:
        stance: (2, 2) places of the soles relative to the base in the default pose, x ahead, m.
        standing_height: Height of the base above the soles in the default pose, m.

    Raises:
        MvpRealError: The time step does not divide the control period.
    """

    def __init__(self, config: WalkConfig, ground: Ground) -> None:
        self.ground = ground
        build = full_model if config.model == "full" else reduced_model
        spec = build(terrain=ground.add, joint_friction=config.joint_friction, appearance=False)
        if config.timestep is not None:
            spec.option.timestep = config.timestep
        _add_collision_sensors(spec)
        table = load_digit()
        steps = table.control_period / spec.option.timestep
        if abs(steps - round(steps)) > 1e-9:
            raise MvpRealError(
                f"environment: timestep {spec.option.timestep} s does not divide the control period of"
                f" {table.control_period} s; use 0.001, 0.002, 0.0025, 0.004, 0.005 or 0.01"
            )
        options = {"threads": config.threads, "device": config.device}
        chosen = {name: options[name] for name in ENGINES[config.engine].options if name in options}
        self.backend = make_backend(config.engine, spec, config.num_envs, round(steps), **chosen)
        self.model = model = self.backend.model
        self.readout = JointReadout(model)
        self._toes = table.toe_indices
        self._observed = table.observed_motors
        self._bind()
        self._nominal = _Nominal(model)
        self._standing = standing_position(model)
        data = mujoco.MjData(model)
        data.qpos[:] = self._standing
        mujoco.mj_kinematics(model, data)
        soles = data.site_xpos[self._soles] - data.qpos[:3]
        self.stance = soles[:, :2].copy()
        self.standing_height = float(-soles[:, 2].mean())

    def _bind(self) -> None:
        backend = self.backend
        self._qpos, self._qvel = backend.data_field("qpos"), backend.data_field("qvel")
        self._ctrl = backend.data_field("ctrl")
        self._torque = backend.data_field("actuator_force")
        self._site_xpos, self._site_xmat = backend.data_field("site_xpos"), backend.data_field("site_xmat")
        self._force = [backend.sensor(f"{side}_contact") for side in SIDES]
        self._collision = [backend.sensor(name) for name in _COLLISIONS]
        self._soles = np.array([self.model.site(f"{side}_sole").id for side in SIDES])
        self._gain = backend.model_field("actuator_gainprm")
        self._bias = backend.model_field("actuator_biasprm")

    def command(self, targets: PdTargets, dynamics: Dynamics) -> FloatArray:
        """Set PD targets and gains (N, 20) of the next step; the dynamics' factors come on top.

        Returns:
            (N, 40) Kp and Kd as shares of the nominal gains, with the dynamics' factors.
        """
        table = load_digit()
        self._ctrl[:] = self.readout.control(targets.position - dynamics.motor_offset)
        kp_share = targets.kp / table.kp * dynamics.kp_factor
        kd_share = targets.kd / table.kd * dynamics.kd_factor
        kp = self._nominal.kp * kp_share * dynamics.motor_strength
        self._gain[:, :, 0] = kp
        self._bias[:, :, 1] = -kp
        self._bias[:, :, 2] = -self._nominal.kd * kd_share * dynamics.motor_strength
        return np.concatenate([kp_share, kd_share], axis=1)

    def push(self, rows: NDArray[np.intp], change: FloatArray) -> None:
        """Change the base's velocity: linear in the world frame, m/s, angular in the base frame, rad/s (n, 6)."""
        self._qvel[rows, :6] += change

    def step(self) -> None:
        """One control period."""
        self.backend.step()

    def reset(
        self, rows: NDArray[np.intp], start: Start, dynamics: Dynamics, random: np.random.Generator
    ) -> None:
        """Stand robots on the ground with new dynamics (n rows) on new terrain.

        The caller sets targets before the next step.
        """
        backend, count = self.backend, len(rows)
        backend.reset_state(rows)
        self.ground.place(backend, rows, random)
        self._nominal.vary(backend, rows, dynamics)
        backend.update_constants(rows)
        qpos = np.tile(self._standing, (count, 1))
        motors = self.readout.motor_position(qpos)
        for part in _FREE_PARTS:
            columns = load_digit().indices(part)
            motors[:, columns] += random.uniform(-start.joint, start.joint, (count, len(columns)))
        self.readout.set_motor_position(qpos, motors)
        heading = random.uniform(-np.pi, np.pi, count) if start.random_heading else np.zeros(count)
        place = random.uniform(-start.spread, start.spread, (count, 2)) * self.ground.rough[rows, None]
        qpos[:, :2] = place
        qpos[:, 2] = self._lowest_base(rows, place, heading)
        qpos[:, 3:7] = 0.0
        qpos[:, 3], qpos[:, 6] = np.cos(heading / 2.0), np.sin(heading / 2.0)
        self._qpos[rows] = qpos
        velocity = np.array([start.linear_velocity] * 3 + [start.angular_velocity] * 3)
        self._qvel[rows, :6] = random.uniform(-velocity, velocity, (count, 6))
        self._ctrl[rows] = self.readout.control(motors)
        backend.forward(rows)

    def _lowest_base(self, rows: NDArray[np.intp], place: FloatArray, heading: FloatArray) -> FloatArray:
        """(n,) height of the base at which no corner of a sole is in the ground, m."""
        corners = (self.stance[:, None] + _SOLE_CORNERS).reshape(-1, 2)
        cosine, sine = np.cos(heading)[:, None], np.sin(heading)[:, None]
        points = np.empty((len(rows), len(corners), 2))
        points[..., 0] = place[:, 0, None] + cosine * corners[:, 0] - sine * corners[:, 1]
        points[..., 1] = place[:, 1, None] + sine * corners[:, 0] + cosine * corners[:, 1]
        return self.ground.height(rows, points).max(axis=1) + self.standing_height + _START_GAP

    def motion(self, rows: Rows = EVERY) -> Motion:
        """Copies of what the chosen robots do."""
        qpos, qvel = self._qpos[rows], self._qvel[rows]
        rotation = rotation_matrices(qpos[:, 3:7])
        place = qpos[:, :3].copy()
        ahead = rotation[:, :2, 0]
        heading = ahead / np.maximum(np.linalg.norm(ahead, axis=1, keepdims=True), 1e-9)
        motor_position, motor_velocity = self.readout.motor_position(qpos), self.readout.motor_velocity(qvel)
        joints, speeds = self.readout.joint_position(qpos), self.readout.joint_velocity(qvel)
        sole = self._site_xpos[rows][:, self._soles]
        return Motion(
            place=place,
            rotation=rotation,
            heading=heading,
            linear_velocity=np.einsum("nij,ni->nj", rotation, qvel[:, :3]),
            angular_velocity=qvel[:, 3:6].copy(),
            gravity=-rotation[:, 2],
            motor_position=motor_position,
            motor_velocity=motor_velocity,
            joint_position=np.concatenate([motor_position[:, self._observed], joints], axis=1),
            joint_velocity=np.concatenate([motor_velocity[:, self._observed], speeds], axis=1),
            torque=self._foot_torque(self._torque[rows].copy()),
            sole=sole,
            sole_rotation=self._site_xmat[rows][:, self._soles].reshape(-1, 2, 3, 3),
            foot_force=np.concatenate([force[rows] for force in self._force], axis=1),
            collision=np.any([found[rows, 0] > 0.0 for found in self._collision], axis=0),
            diverged=self.backend.diverged()[rows],
            ground=self.ground.height(rows, place[:, :2]),
            sole_ground=self.ground.height(rows, sole[..., :2]),
        )

    def _foot_torque(self, torque: FloatArray) -> FloatArray:
        """Torques (n, 20), those of the toes as moments about the foot's pitch and roll, as in the reduced model."""
        if not self.readout.reduced:
            a, b = self._toes[0::2], self._toes[1::2]
            torque[:, a], torque[:, b] = foot_moments(torque[:, a], torque[:, b])
        return torque


class _Nominal:
    """The model's own values, which a robot's dynamics scale."""

    def __init__(self, model: mujoco.MjModel) -> None:
        self.kp = model.actuator_gainprm[:, 0].copy()
        self.kd = -model.actuator_biasprm[:, 2].copy()
        self._torque_range = model.actuator_forcerange.copy()
        self._dofs = model.jnt_dofadr[model.actuator_trnid[:, 0]]
        self._damping = model.dof_damping[self._dofs].copy()
        self._mass, self._inertia = model.body_mass.copy(), model.body_inertia.copy()
        self._gravity = model.opt.gravity.copy()
        self._feet = np.array([model.geom(f"{side}_foot").id for side in SIDES])
        self._friction = model.geom_friction[self._feet, 0].copy()
        self._time_constant = float(model.geom_solref[self._feet[0], 0])
        self._links = _links_of_bodies(model)

    def vary(self, backend: MujocoBackend, rows: NDArray[np.intp], dynamics: Dynamics) -> None:
        """Give simulations the dynamics of n rows; constants must be updated afterwards."""
        strength = dynamics.motor_strength
        backend.model_field("actuator_forcerange")[rows] = self._torque_range * strength[..., None]
        backend.model_field("dof_damping")[np.ix_(rows, self._dofs)] = self._damping * dynamics.motor_damping
        factor = np.concatenate([dynamics.mass, np.ones((len(rows), 1))], axis=1)[:, self._links]
        backend.model_field("body_mass")[rows] = self._mass * factor
        backend.model_field("body_inertia")[rows] = self._inertia * factor[..., None]
        backend.model_field("opt.gravity")[rows] = self._gravity + dynamics.gravity
        friction = self._friction * dynamics.friction[:, None]
        backend.model_field("geom_friction")[rows[:, None], self._feet, 0] = friction
        reference = contact_reference(dynamics.restitution, self._time_constant)
        backend.model_field("geom_solref")[rows[:, None], self._feet] = reference[:, None]


def _links_of_bodies(model: mujoco.MjModel) -> NDArray[np.intp]:
    """(bodies,) index of each body's link in `LINKS`; a body that training fuses counts as what it is fused to.

    The world and other bodies that are no links point behind the last one.
    """
    numbers = []
    for body in range(model.nbody):
        side, _, part = model.body(body).name.partition("_")
        name = f"{side}_{FUSED.get(part, part)}" if part else side
        numbers.append(LINKS.index(name) if name in LINKS else len(LINKS))
    return np.array(numbers, dtype=np.intp)


_COLLISIONS = ("torso_collision", "leg_collision")


def _add_collision_sensors(spec: mujoco.MjSpec) -> None:
    """Sensors that read whether the torso touches anything, and the left leg the right one."""
    kinds = mujoco.mjtObj
    torso, legs = _COLLISIONS
    sensors = [
        spec.add_sensor(
            name=torso, type=mujoco.mjtSensor.mjSENS_CONTACT, objtype=kinds.mjOBJ_GEOM, objname="torso"
        ),
        spec.add_sensor(
            name=legs, type=mujoco.mjtSensor.mjSENS_CONTACT, objtype=kinds.mjOBJ_XBODY, objname="left_hip_roll",
            reftype=kinds.mjOBJ_XBODY, refname="right_hip_roll",
        ),
    ]  # fmt: skip
    for sensor in sensors:
        sensor.intprm = [1, 0, 1]  # "found" alone, no reduction, one contact
