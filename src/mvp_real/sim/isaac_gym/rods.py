"""Rods of closed loops in a MuJoCo model, for an engine that knows only trees."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray
from mvp_real.sim.isaac_gym.conventions import cross, rotate

# Mass and inertia of a rod whose mass stands at its ends; zero would make MuJoCo's mass matrix singular.
_NOTHING = 1e-12


@dataclass(frozen=True)
class RodSprings:
    """Numbers of the virtual springs that rods become.

    Attributes:
        stiffness: N/m.
        damping_ratio: Of a rod's own oscillation; 1 is critical.
        substeps: Parts of a physics step; in every second one the rods relax (`VirtualSpringRods`).

    Raises:
        MvpRealError: `substeps` is below 1, or the others are not positive.
    """

    stiffness: float = 2e5
    damping_ratio: float = 0.1
    substeps: int = 2

    def __post_init__(self) -> None:
        if self.substeps < 1 or self.stiffness <= 0.0 or self.damping_ratio < 0.0:
            raise MvpRealError(
                f"{self}: needs at least one sub-step, a positive stiffness and no negative damping"
            )


@dataclass(frozen=True, eq=False)
class Rod:
    """A rod between two bodies.

    Attributes:
        body: Number of the model's body that is the rod.
        first_body, second_body: Numbers of the bodies at its ends.
        first_point, second_point: (3,) its ends in the frames of these bodies, m.
        length: m.
        direction: (3,) from foot to tip in the rod's own frame.
    """

    body: int
    first_body: int
    first_point: FloatArray
    second_body: int
    second_point: FloatArray
    length: float
    direction: FloatArray


def find_rods(model: mujoco.MjModel) -> tuple[Rod, ...]:
    """The rods of all loops: leaves on a ball joint whose tip a `connect` holds at another body.

    Raises:
        MvpRealError: An equality constraint is something else.
    """
    rods = []
    for number in range(model.neq):
        name = model.equality(number).name or f"number {number}"
        connect = model.eq_type[number] == int(mujoco.mjtEq.mjEQ_CONNECT)
        if not connect or model.eq_objtype[number] != int(mujoco.mjtObj.mjOBJ_BODY):
            raise MvpRealError(f"equality '{name}': Isaac Gym has no constraints; only rods held by connects are made"
                               " into virtual springs")  # fmt: skip
        ends = [(int(model.eq_obj1id[number]), model.eq_data[number, :3].copy()),
                (int(model.eq_obj2id[number]), model.eq_data[number, 3:6].copy())]  # fmt: skip
        are_rods = [_is_rod(model, body) for body, _ in ends]
        if sum(are_rods) != 1:
            raise MvpRealError(
                f"equality '{name}' does not hold the tip of a rod, a body on a ball joint with nothing below it; Isaac"
                " Gym gets only such loops"
            )
        (body, tip), (other, anchor) = ends if are_rods[0] else ends[::-1]
        foot = model.jnt_pos[int(model.body_jntadr[body])]
        start = np.zeros(3)
        mujoco.mju_rotVecQuat(start, foot, model.body_quat[body])
        rods.append(
            Rod(
                body=body,
                first_body=int(model.body_parentid[body]),
                first_point=model.body_pos[body] + start,
                second_body=other,
                second_point=anchor,
                length=float(np.linalg.norm(tip - foot)),
                direction=(tip - foot) / np.linalg.norm(tip - foot),
            )
        )
    return tuple(rods)


def with_rod_masses(model: mujoco.MjModel, rods: tuple[Rod, ...]) -> mujoco.MjModel:
    """The model with half of each rod's mass as a point at either end, changed in place."""
    for rod in rods:
        half = float(model.body_mass[rod.body]) / 2.0
        for body, point in ((rod.first_body, rod.first_point), (rod.second_body, rod.second_point)):
            if body:
                _add_point_mass(model, body, half, point)
        model.body_mass[rod.body], model.body_inertia[rod.body] = _NOTHING, _NOTHING
    return model


def effective_masses(model: mujoco.MjModel, rods: tuple[Rod, ...]) -> FloatArray:
    """(R,) what each rod feels along itself in the initial pose, 1 / (J M^-1 J^T), kg.

    Args:
        model: The model with the masses of the rods at their ends (`with_rod_masses`).
        rods: The rods.
    """
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    matrix = np.zeros((model.nv, model.nv))
    mujoco.mj_fullM(model, data, matrix)
    balls = [int(model.body_dofadr[rod.body]) for rod in rods]
    kept = np.setdiff1d(np.arange(model.nv), np.add.outer(balls, np.arange(3)).ravel())
    masses = []
    for rod in rods:
        ends, jacobians = [], []
        for body, point in ((rod.first_body, rod.first_point), (rod.second_body, rod.second_point)):
            place = data.xpos[body] + rotate(data.xquat[body], point)
            jacobian = np.zeros((3, model.nv))
            mujoco.mj_jac(model, data, jacobian, None, place, body)
            ends.append(place)
            jacobians.append(jacobian)
        direction = (ends[1] - ends[0]) / np.linalg.norm(ends[1] - ends[0])
        along = (direction @ (jacobians[1] - jacobians[0]))[kept]
        masses.append(1.0 / (along @ np.linalg.solve(matrix[np.ix_(kept, kept)], along)))
    return np.array(masses)


def ball_quaternions(
    model: mujoco.MjModel, rod: Rod, positions: FloatArray, quaternions: FloatArray
) -> FloatArray:
    """(N, 4) turns of a rod's ball joint that point it from its foot to its other end.

    Args:
        model: The model.
        rod: The rod.
        positions, quaternions: (N, bodies, 3) and (N, bodies, 4) of all bodies in the world.
    """
    foot = positions[:, rod.first_body] + rotate(quaternions[:, rod.first_body], rod.first_point)
    tip = positions[:, rod.second_body] + rotate(quaternions[:, rod.second_body], rod.second_point)
    backwards = np.array([1.0, -1.0, -1.0, -1.0])
    wanted = rotate(quaternions[:, rod.first_body] * backwards, tip - foot)
    wanted = rotate(model.body_quat[rod.body] * backwards, wanted)
    wanted /= np.linalg.norm(wanted, axis=-1, keepdims=True)
    # The shortest turn from one direction to another; a rod never turns by half a circle.
    turn = np.concatenate(
        [1.0 + wanted @ rod.direction[:, None], cross(np.broadcast_to(rod.direction, wanted.shape), wanted)],
        axis=-1,
    )
    return np.asarray(turn / np.linalg.norm(turn, axis=-1, keepdims=True))


def _is_rod(model: mujoco.MjModel, body: int) -> bool:
    return (
        model.body_jntnum[body] == 1
        and model.jnt_type[int(model.body_jntadr[body])] == int(mujoco.mjtJoint.mjJNT_BALL)
        and body not in model.body_parentid
    )


def _add_point_mass(model: mujoco.MjModel, body: int, mass: float, point: FloatArray) -> None:
    old_mass, center = float(model.body_mass[body]), model.body_ipos[body].copy()
    total = old_mass + mass
    new_center = (old_mass * center + mass * point) / total
    matrix = np.zeros(9)
    mujoco.mju_quat2Mat(matrix, model.body_iquat[body])
    rotation = matrix.reshape(3, 3)
    inertia = rotation @ np.diag(model.body_inertia[body]) @ rotation.T
    for part, place in ((old_mass, center), (mass, point)):
        arm = place - new_center
        inertia += part * (arm @ arm * np.eye(3) - np.outer(arm, arm))
    values, axes = np.linalg.eigh(inertia)
    if np.linalg.det(axes) < 0.0:
        axes[:, 0] *= -1.0
    quaternion = np.zeros(4)
    mujoco.mju_mat2Quat(quaternion, axes.ravel())
    model.body_mass[body], model.body_ipos[body] = total, new_center
    model.body_inertia[body], model.body_iquat[body] = values, quaternion
