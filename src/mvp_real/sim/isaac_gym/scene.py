"""A compiled MuJoCo model as what Isaac Gym is told: URDF files and a description of all that URDF cannot say.

Trees below the world become actors. Rods, bodies on a ball joint whose tip a `connect` holds, become virtual springs
(Xiao 2023, sec. 6.4.2); half of a rod's mass goes to either end. Fixed tendons with a spring become torques.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray
from mvp_real.sim.isaac_gym.collision_filter import filters_of
from mvp_real.sim.isaac_gym.rods import Rod, RodSprings, effective_masses, find_rods, with_rod_masses
from mvp_real.sim.isaac_gym.urdf import MOUNT, collision_geoms, is_free, shapes_of, tree_of, write_urdf
from mvp_real.sim.model_names import driven_joints

_PLANE, _HFIELD = int(mujoco.mjtGeom.mjGEOM_PLANE), int(mujoco.mjtGeom.mjGEOM_HFIELD)
_TRACK = int(mujoco.mjtCamLight.mjCAMLIGHT_TRACK)
_FIXED_CAMERA = int(mujoco.mjtCamLight.mjCAMLIGHT_FIXED)


@dataclass(frozen=True, eq=False)
class IsaacGymScene:
    """A scene for Isaac Gym.

    Attributes:
        content: What JSON can hold: actors, ground, cameras, gravity.
        arrays: Numbers by name; joints, bodies and shapes in the orders below.
        joints: (J,) numbers of the model's joints.
        bodies: (B,) numbers of the model's bodies.
        shape_geoms: (S,) number of the model's geom that each shape stands for.
        actuator_joints: (A,) index in `joints` that each actuator drives.
        rods: Virtual springs.
    """

    content: dict[str, Any]
    arrays: dict[str, NDArray[Any]]
    joints: NDArray[np.intp]
    bodies: NDArray[np.intp]
    shape_geoms: NDArray[np.intp]
    actuator_joints: NDArray[np.intp]
    rods: tuple[Rod, ...]


def export_scene(model: mujoco.MjModel, folder: Path, springs: RodSprings | None = None) -> IsaacGymScene:
    """Write the URDF files of a model's trees and describe the rest.

    Args:
        model: Compiled scene.
        folder: Where the files go.
        springs: Numbers of the virtual springs.

    Raises:
        MvpRealError: The scene has what Isaac Gym cannot do; the message names it.
    """
    rods = find_rods(model)
    tree_model = with_rod_masses(copy.copy(model), rods)
    left_out = frozenset(rod.body for rod in rods)
    actors, joints, bodies, shapes = [], [], [], []
    for root in np.flatnonzero(model.body_parentid == 0):
        if root == 0:
            continue
        tree = tree_of(model, int(root), left_out)
        actors.append(_actor(tree_model, tree, folder))
        joints += [int(model.body_jntadr[body]) for body in tree if _moves(model, body)]
        bodies += tree
        shapes += [
            geom
            for body in tree
            for geom in collision_geoms(model, body)
            for _ in range(shapes_of(model, geom))
        ]
    order = np.array(joints, dtype=np.intp)
    content = {
        "actors": actors,
        "joints": [model.joint(joint).name for joint in joints],
        "bodies": [model.body(body).name for body in bodies],
        "gravity": model.opt.gravity.tolist(),
        "ground": _ground(model),
        "cameras": _cameras(model, left_out),
    }
    numbers = np.array(bodies, dtype=np.intp)
    geoms = np.array(shapes, dtype=np.intp)
    drives = _actuator_joints(model, order)
    arrays = {
        **_joint_arrays(model, order),
        **_tendon_arrays(model, order),
        **_rod_arrays(rods, bodies, effective_masses(tree_model, rods), springs or RodSprings()),
        "body_mass": tree_model.body_mass[numbers],
        "body_center": tree_model.body_ipos[numbers],
        "shape_body": np.array(
            [bodies.index(int(model.geom_bodyid[geom])) for geom in shapes], dtype=np.intp
        ),
        "shape_friction": model.geom_friction[geoms, 0],
        "shape_restitution": restitution_of(model.geom_solref[geoms]),
        "shape_filter": filters_of(model)[geoms],
        "actuator_joint": drives,
        **actuator_numbers(model),
    }
    return IsaacGymScene(content, arrays, order, numbers, geoms, drives, rods)


def restitution_of(solref: FloatArray) -> FloatArray:
    """(...,) coefficients of restitution of contacts with `solref` (..., 2), MuJoCo's spring and damper.

    A spring with damping ratio d gives back exp(-pi d / sqrt(1 - d^2)) of the speed, nothing from d = 1 on. Positive
    values are (time constant, damping ratio), negative ones (-stiffness, -damping) per unit of mass.
    """
    first, second = np.asarray(solref)[..., 0], np.asarray(solref)[..., 1]
    direct = first <= 0.0
    stiffness = np.where(direct, -first, 1.0)
    ratio = np.where(direct, -second / (2.0 * np.sqrt(np.maximum(stiffness, 1e-12))), second)
    ratio = np.clip(ratio, 0.0, 1.0)
    return np.where(ratio < 1.0, np.exp(-np.pi * ratio / np.sqrt(np.maximum(1.0 - ratio**2, 1e-12))), 0.0)


def actuator_numbers(model: mujoco.MjModel) -> dict[str, FloatArray]:
    """`gain` (A,), `bias` (A, 3), `limit` (A, 2) of the actuators: force = gain ctrl + bias (1, q, qdot), clipped."""
    affine = model.actuator_biastype == int(mujoco.mjtBias.mjBIAS_AFFINE)
    limited = model.actuator_forcelimited.astype(bool)
    return {
        "gain": model.actuator_gainprm[:, 0].copy(),
        "bias": np.where(affine[:, None], model.actuator_biasprm[:, :3], 0.0),
        "limit": np.where(limited[:, None], model.actuator_forcerange, (-np.inf, np.inf)),
    }


def _moves(model: mujoco.MjModel, body: int) -> bool:
    return bool(model.body_jntnum[body]) and not is_free(model, body)


def _actor(model: mujoco.MjModel, tree: list[int], folder: Path) -> dict[str, Any]:
    root, name = tree[0], model.body(tree[0]).name
    file = name.replace("/", "_") + ".urdf"
    (folder / file).write_text(write_urdf(model, tree, name), encoding="utf-8")
    hangs = _moves(model, root)
    return {
        "name": name,
        "file": file,
        "fixed": not is_free(model, root),
        "root": MOUNT if hangs else name,
        "position": [0.0] * 3 if hangs else model.body_pos[root].tolist(),
        "quaternion": [1.0, 0.0, 0.0, 0.0] if hangs else model.body_quat[root].tolist(),
        "bodies": [model.body(body).name for body in tree],
        "joints": [model.joint(int(model.body_jntadr[body])).name for body in tree if _moves(model, body)],
    }


def _ground(model: mujoco.MjModel) -> dict[str, Any] | None:
    grounds = collision_geoms(model, 0)
    for geom in grounds:
        name = model.geom(geom).name
        if model.geom_type[geom] != _PLANE or len(grounds) > 1:
            raise MvpRealError(
                f"shape '{name}' of the world: Isaac Gym has one level ground for all simulations here; use the"
                " engine 'mujoco' or 'warp' for slopes, steps and rough ground"
            )
        if not np.allclose(model.geom_quat[geom], (1.0, 0.0, 0.0, 0.0)):
            raise MvpRealError(f"plane '{name}' is not level; Isaac Gym's ground is")
        return {
            "height": float(model.geom_pos[geom, 2]),
            "friction": float(model.geom_friction[geom, 0]),
            "restitution": float(restitution_of(model.geom_solref[geom])),
        }
    return None


def _cameras(model: mujoco.MjModel, left_out: frozenset[int]) -> list[dict[str, Any]]:
    cameras = []
    for number in range(model.ncam):
        mode, body = int(model.cam_mode[number]), int(model.cam_bodyid[number])
        if mode not in (_FIXED_CAMERA, _TRACK) or body in left_out:
            continue  # aimed cameras; asking for one names those that there are
        world = mode == _TRACK  # a tracking camera keeps its direction in the world
        cameras.append(
            {
                "name": model.camera(number).name,
                "body": model.body(body).name if body else None,
                "position": (model.cam_pos0 if world else model.cam_pos)[number].tolist(),
                "quaternion": _turn(model, number, world),
                "opening": float(model.cam_fovy[number]),
                "follows_turns": not world,
            }
        )
    return cameras


def _turn(model: mujoco.MjModel, number: int, world: bool) -> list[float]:
    if not world:
        return list(map(float, model.cam_quat[number]))
    quaternion = np.zeros(4)
    mujoco.mju_mat2Quat(quaternion, model.cam_mat0[number].ravel())
    return list(map(float, quaternion))


def _joint_arrays(model: mujoco.MjModel, joints: NDArray[np.intp]) -> dict[str, NDArray[Any]]:
    dofs, places = model.jnt_dofadr[joints], model.jnt_qposadr[joints]
    limited = model.jnt_limited[joints].astype(bool)
    return {
        "joint_limited": limited,
        "joint_range": np.where(limited[:, None], model.jnt_range[joints], 0.0),
        "joint_initial": model.qpos0[places],
        "joint_armature": model.dof_armature[dofs],
        "joint_damping": model.dof_damping[dofs],
        "joint_stiffness": model.jnt_stiffness[joints],
        "joint_rest": model.qpos_spring[places],
    }


def _tendon_arrays(model: mujoco.MjModel, joints: NDArray[np.intp]) -> dict[str, NDArray[Any]]:
    """Springs along weighted sums of joint positions, which fixed tendons are."""
    place = {int(joint): index for index, joint in enumerate(joints)}
    weights = np.zeros((model.ntendon, len(joints)))
    for tendon in range(model.ntendon):
        start = int(model.tendon_adr[tendon])
        for wrap in range(start, start + int(model.tendon_num[tendon])):
            if model.wrap_type[wrap] != int(mujoco.mjtWrap.mjWRAP_JOINT):
                name = model.tendon(tendon).name
                raise MvpRealError(
                    f"tendon '{name}' runs over sites; Isaac Gym gets only fixed tendons, as torques"
                )
            weights[tendon, place[int(model.wrap_objid[wrap])]] = model.wrap_prm[wrap]
    return {
        "tendon_weights": weights,
        "tendon_stiffness": model.tendon_stiffness.copy(),
        "tendon_damping": model.tendon_damping.copy(),
        "tendon_rest": model.tendon_lengthspring.copy(),
    }


def _actuator_joints(model: mujoco.MjModel, joints: NDArray[np.intp]) -> NDArray[np.intp]:
    driven = driven_joints(model)
    affine, fixed = int(mujoco.mjtBias.mjBIAS_AFFINE), int(mujoco.mjtGain.mjGAIN_FIXED)
    for actuator in range(model.nu):
        simple = model.actuator_gaintype[actuator] == fixed and model.actuator_biastype[actuator] in (
            0,
            affine,
        )
        simple = simple and not model.actuator_dyntype[actuator] and model.actuator_gear[actuator, 0] == 1.0
        if actuator not in driven or not simple:
            raise MvpRealError(
                f"actuator '{model.actuator(actuator).name}' is no motor, position or velocity servo of gear 1 on"
                " a joint; Isaac Gym gets only those"
            )
    place = {int(joint): index for index, joint in enumerate(joints)}
    return np.array([place[driven[actuator]] for actuator in range(model.nu)], dtype=np.intp)


def _rod_arrays(
    rods: tuple[Rod, ...], bodies: list[int], masses: FloatArray, springs: RodSprings
) -> dict[str, NDArray[Any]]:
    ends = [[bodies.index(rod.first_body), bodies.index(rod.second_body)] for rod in rods]
    points = [[rod.first_point, rod.second_point] for rod in rods]
    return {
        "rod_bodies": np.array(ends, dtype=np.intp).reshape(-1, 2),
        "rod_points": np.array(points, dtype=np.float64).reshape(-1, 2, 3),
        "rod_length": np.array([rod.length for rod in rods]),
        "rod_mass": masses,
        "rod_stiffness": np.full(len(rods), springs.stiffness),
        "rod_damping": 2.0 * springs.damping_ratio * np.sqrt(springs.stiffness * masses),
    }
