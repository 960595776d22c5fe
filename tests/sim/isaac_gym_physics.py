"""MuJoCo behind the stand-in for Isaac Gym: reads the exported URDF files and moves them, in Isaac Gym's layout."""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

import mujoco
import numpy as np

_POSITION_DRIVE = 1


class Physics:
    """N simulations of the same actors.

    Args:
        parameters: Of the simulation: dt, gravity.
        ground: Plane or None.
        envs: The simulations with their actors.

    Attributes:
        tensors: What Isaac Gym shares: `roots` (N A, 13), `bodies` (N B, 13), `joints` (N J, 2), `contacts` (N B, 3);
            NaN after a step until they are refreshed.
    """

    @staticmethod
    def read_asset(path: str, fixed: bool) -> Any:
        """A URDF file; joints and bodies in the order of the alphabet, which is not that of the file."""
        spec = _spec(path)
        root = spec.worldbody.first_body().name
        bodies = sorted(body.name for body in spec.bodies if body.name != "world")
        bodies.remove(root)
        bodies.insert(0, root)
        shapes, ranges = [], []
        for name in bodies:
            count = sum(1 for geom in spec.body(name).geoms if geom.contype)
            ranges.append((len(shapes), count))
            shapes += [SimpleNamespace(filter=0, friction=1.0, restitution=0.0) for _ in range(count)]
        return SimpleNamespace(
            path=path, fixed=fixed, bodies=bodies, joints=sorted(joint.name for joint in spec.joints),
            shapes=shapes, ranges=ranges, spec=spec,
        )  # fmt: skip

    def __init__(self, parameters: Any, ground: Any, envs: list[Any]) -> None:
        spec = mujoco.MjSpec()
        spec.compiler.fusestatic = False
        spec.option.timestep = parameters.dt
        spec.option.gravity = parameters.gravity.array()
        spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
        if ground is not None:
            spec.worldbody.add_geom(
                name="ground", type=mujoco.mjtGeom.mjGEOM_PLANE, size=(0, 0, 1), pos=(0, 0, -ground.distance),
                contype=0, conaffinity=2, friction=(ground.static_friction, 0.005, 0.0001),
            )  # fmt: skip
        self._envs, actors = envs, envs[0].actors
        for number, actor in enumerate(actors):
            pose = actor.pose
            frame = spec.worldbody.add_frame(pos=pose.p.array(), quat=pose.r.array()[[3, 0, 1, 2]])
            part = actor.asset.spec.copy()
            root = part.worldbody.first_body()
            if not actor.asset.fixed:
                root.add_freejoint(name="root")
            # Robots here touch the ground alone; who else touches whom is asked of the filters.
            for geom in part.geoms:
                geom.contype, geom.conaffinity = (2 if geom.contype else 0), 0
            frame.attach_body(root, f"{number}/", "")
        self.models = [spec.compile() for _ in envs]
        self.data = [mujoco.MjData(model) for model in self.models]
        model = self.models[0]
        self._origins = np.array([env.origin for env in envs])
        self._roots = [model.body(f"{k}/{actor.asset.bodies[0]}").id for k, actor in enumerate(actors)]
        self._bodies = [
            model.body(f"{k}/{name}").id for k, actor in enumerate(actors) for name in actor.asset.bodies
        ]
        self._joints = [
            model.joint(f"{k}/{name}").id for k, actor in enumerate(actors) for name in actor.asset.joints
        ]
        self._owners = [k for k, actor in enumerate(actors) for _ in actor.asset.joints]
        self._shapes = [
            [
                geom
                for name in actor.asset.bodies
                for geom in range(model.ngeom)
                if model.geom_bodyid[geom] == model.body(f"{k}/{name}").id and model.geom_contype[geom]
            ]
            for k, actor in enumerate(actors)
        ]
        count = len(envs)
        self.tensors = {
            "roots": np.zeros((count * len(actors), 13), np.float32),
            "bodies": np.zeros((count * len(self._bodies), 13), np.float32),
            "joints": np.zeros((count * len(self._joints), 2), np.float32),
            "contacts": np.zeros((count * len(self._bodies), 3), np.float32),
        }
        for env in envs:
            for number, actor in enumerate(env.actors):
                self.set_shapes(env.number, number, actor.asset.shapes)
                if actor.joints is not None:
                    self.set_joints(env.number, number, actor.joints)
            mujoco.mj_forward(self.models[env.number], self.data[env.number])

    def step(self) -> None:
        """One `simulate`; forces and torques are gone afterwards and shared tensors out of date."""
        for model, data in zip(self.models, self.data, strict=True):
            mujoco.mj_step(model, data)
            data.xfrc_applied[:] = 0.0
            data.qfrc_applied[:] = 0.0
            mujoco.mj_forward(model, data)
        for values in self.tensors.values():
            values[:] = np.nan

    def refresh(self, name: str) -> None:
        """Bring a shared tensor up to date."""
        numbers = {
            "roots": self._roots,
            "bodies": self._bodies,
            "contacts": self._bodies,
            "joints": self._joints,
        }[name]
        table = self.tensors[name].reshape(len(self.data), len(numbers), -1)
        for row, (model, data) in enumerate(zip(self.models, self.data, strict=True)):
            if name == "joints":
                table[row, :, 0] = data.qpos[model.jnt_qposadr[numbers]]
                table[row, :, 1] = data.qvel[model.jnt_dofadr[numbers]]
            elif name == "contacts":
                table[row] = _contact_forces(model, data)[numbers]
            else:
                table[row] = [self._body_state(row, body) for body in numbers]

    def set_roots(self, states: np.ndarray, actors: np.ndarray) -> None:
        """States of root bodies, of the chosen actors."""
        for env, actor in (divmod(int(index), len(self._roots)) for index in actors):
            model, data, state = self.models[env], self.data[env], states[env * len(self._roots) + actor]
            body = self._roots[actor]
            joint = model.body_jntadr[body]
            assert joint >= 0, "the root of an actor that is fixed was set"
            place, dof = model.jnt_qposadr[joint], model.jnt_dofadr[joint]
            quaternion = state[[6, 3, 4, 5]].astype(float)
            assert abs(np.linalg.norm(quaternion) - 1.0) < 1e-4
            rotation = _matrix(quaternion)
            data.qpos[place : place + 3] = state[:3] - self._origins[env]
            data.qpos[place + 3 : place + 7] = quaternion
            # The tensor has the velocity of the centre of mass, MuJoCo's joint that of the frame.
            angular = state[10:13].astype(float)
            data.qvel[dof : dof + 3] = state[7:10] - np.cross(angular, rotation @ model.body_ipos[body])
            data.qvel[dof + 3 : dof + 6] = rotation.T @ angular

    def set_joint_states(self, states: np.ndarray, actors: np.ndarray) -> None:
        """Positions and speeds of the chosen actors' joints."""
        table = states.reshape(len(self.data), len(self._joints), 2)
        for env, actor in (divmod(int(index), len(self._roots)) for index in actors):
            model, data = self.models[env], self.data[env]
            for column, joint in enumerate(self._joints):
                if self._owners[column] == actor:
                    data.qpos[model.jnt_qposadr[joint]] = table[env, column, 0]
                    data.qvel[model.jnt_dofadr[joint]] = table[env, column, 1]

    def set_targets(self, targets: np.ndarray) -> None:
        """Targets of the position drives."""
        table = targets.reshape(len(self.data), len(self._joints))
        for row, model in enumerate(self.models):
            model.qpos_spring[model.jnt_qposadr[self._joints]] = table[row]

    def set_efforts(self, efforts: np.ndarray) -> None:
        """Torques of the joints without a position drive, for one step."""
        table = efforts.reshape(len(self.data), len(self._joints))
        for row, (env, model, data) in enumerate(zip(self._envs, self.models, self.data, strict=True)):
            modes = np.concatenate(
                [actor.joints["driveMode"] for actor in env.actors if actor.joints is not None]
            )
            data.qfrc_applied[model.jnt_dofadr[self._joints]] = np.where(
                modes == _POSITION_DRIVE, 0.0, table[row]
            )

    def set_forces(self, forces: np.ndarray, torques: np.ndarray) -> None:
        """Forces and torques at the centres of mass, for one step."""
        shape = (len(self.data), len(self._bodies), 3)
        for row, data in enumerate(self.data):
            data.xfrc_applied[self._bodies, :3] = forces.reshape(shape)[row]
            data.xfrc_applied[self._bodies, 3:] = torques.reshape(shape)[row]

    def set_joints(self, env: int, actor: int, properties: np.ndarray) -> None:
        """Properties of an actor's joints."""
        model = self.models[env]
        joints = [joint for joint, owner in zip(self._joints, self._owners, strict=True) if owner == actor]
        for joint, row in zip(joints, properties, strict=True):
            by_drive, dof = row["driveMode"] == _POSITION_DRIVE, model.jnt_dofadr[joint]
            model.jnt_limited[joint] = row["hasLimits"]
            model.jnt_range[joint] = row["lower"], row["upper"]
            model.dof_armature[dof] = row["armature"]
            model.jnt_stiffness[joint] = row["stiffness"] if by_drive else 0.0
            model.dof_damping[dof] = row["damping"] if by_drive else 0.0
            model.dof_frictionloss[dof] = 0.0
        mujoco.mj_setConst(model, self.data[env])

    def body_properties(self, env: int, actor: int) -> list[tuple[float, np.ndarray]]:
        """Mass and (3, 3) inertia of an actor's bodies."""
        model = self.models[env]
        return [(float(model.body_mass[body]), np.diag(model.body_inertia[body])) for body in self._of(actor)]

    def set_bodies(self, env: int, actor: int, properties: list[tuple[float, np.ndarray]]) -> None:
        """Mass and inertia of an actor's bodies."""
        model = self.models[env]
        for body, (mass, inertia) in zip(self._of(actor), properties, strict=True):
            model.body_mass[body], model.body_inertia[body] = mass, np.diag(inertia)
        mujoco.mj_setConst(model, copy.copy(self.data[env]))

    def shape_properties(self, env: int, actor: int) -> list[Any]:
        """Properties of an actor's shapes."""
        model = self.models[env]
        return [SimpleNamespace(filter=0, friction=model.geom_friction[geom, 0], restitution=0.0)
                for geom in self._shapes[actor]]  # fmt: skip

    def set_shapes(self, env: int, actor: int, properties: list[Any]) -> None:
        """Friction of an actor's shapes."""
        for geom, part in zip(self._shapes[actor], properties, strict=True):
            self.models[env].geom_friction[geom, 0] = part.friction

    def _of(self, actor: int) -> list[int]:
        start = sum(len(other.asset.bodies) for other in self._envs[0].actors[:actor])
        return self._bodies[start : start + len(self._envs[0].actors[actor].asset.bodies)]

    def _body_state(self, env: int, body: int) -> np.ndarray:
        model, data = self.models[env], self.data[env]
        velocity = np.zeros(6)
        mujoco.mj_objectVelocity(model, data, mujoco.mjtObj.mjOBJ_BODY, body, velocity, 0)
        place = data.xpos[body] + self._origins[env]
        return np.concatenate([place, data.xquat[body][[1, 2, 3, 0]], velocity[3:], velocity[:3]])


def _spec(path: str) -> mujoco.MjSpec:
    spec = mujoco.MjSpec.from_file(path)
    spec.compiler.fusestatic = False
    spec.compiler.discardvisual = True
    return spec


def _matrix(quaternion: np.ndarray) -> np.ndarray:
    matrix = np.zeros(9)
    mujoco.mju_quat2Mat(matrix, quaternion)
    return matrix.reshape(3, 3)


def _contact_forces(model: mujoco.MjModel, data: mujoco.MjData) -> np.ndarray:
    """(bodies, 3) sums of the contact forces on each body, world frame."""
    total, wrench = np.zeros((model.nbody, 3)), np.zeros(6)
    for number in range(data.ncon):
        contact = data.contact[number]
        mujoco.mj_contactForce(model, data, number, wrench)
        force = contact.frame.reshape(3, 3).T @ wrench[:3]
        total[model.geom_bodyid[contact.geom[0]]] -= force
        total[model.geom_bodyid[contact.geom[1]]] += force
    return total
