"""A tree of a compiled MuJoCo model as URDF, which Isaac Gym's importer reads without surprises.

What URDF cannot say travels beside the file (`scene`): armature, gains, friction, springs, rods. Each body is a link
of the same name, each hinge or slide a joint of the same name; a body without a joint is fixed to its parent.
"""

from __future__ import annotations

from xml.etree import ElementTree

import mujoco
import numpy as np
from numpy.typing import NDArray

from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray

_HINGE, _SLIDE = int(mujoco.mjtJoint.mjJNT_HINGE), int(mujoco.mjtJoint.mjJNT_SLIDE)
_FREE = int(mujoco.mjtJoint.mjJNT_FREE)
_BOX, _SPHERE = int(mujoco.mjtGeom.mjGEOM_BOX), int(mujoco.mjtGeom.mjGEOM_SPHERE)
_CYLINDER, _CAPSULE = int(mujoco.mjtGeom.mjGEOM_CYLINDER), int(mujoco.mjtGeom.mjGEOM_CAPSULE)
# URDF demands limits; joints without any get these. Torques are limited by the drive, not by the file.
MOUNT = "mount"  # link that stands for the world below a root that hangs on it by a joint
_NO_EFFORT_LIMIT, _NO_SPEED_LIMIT = 1e6, 1e3


def tree_of(model: mujoco.MjModel, root: int, left_out: frozenset[int] = frozenset()) -> list[int]:
    """Numbers of a body and all below it, parents first, without those left out."""
    tree = [root]
    for body in range(root + 1, model.nbody):
        if int(model.body_parentid[body]) in tree and body not in left_out:
            tree.append(body)
    return tree


def write_urdf(model: mujoco.MjModel, bodies: list[int], name: str) -> str:
    """URDF of a tree of bodies, the root first.

    Raises:
        MvpRealError: A body has several joints, a ball joint or a joint beside its origin, or a shape is neither box,
            sphere, cylinder nor capsule.
    """
    robot = ElementTree.Element("robot", name=name)
    for body in bodies:
        _add_link(robot, model, body)
    root = bodies[0]
    if model.body_jntnum[root] and not is_free(model, root):
        ElementTree.SubElement(robot, "link", name=MOUNT)
        _add_joint(robot, model, root, MOUNT)
    for body in bodies[1:]:
        _add_joint(robot, model, body, model.body(int(model.body_parentid[body])).name)
    ElementTree.indent(robot)
    return '<?xml version="1.0"?>\n' + ElementTree.tostring(robot, encoding="unicode") + "\n"


def collision_geoms(model: mujoco.MjModel, body: int) -> list[int]:
    """Numbers of a body's shapes that can touch anything, in the order of the URDF."""
    return [geom for geom in _geoms(model, body) if model.geom_contype[geom] or model.geom_conaffinity[geom]]


def shapes_of(model: mujoco.MjModel, geom: int) -> int:
    """How many URDF shapes stand for one of MuJoCo's: three for a capsule, which URDF does not know."""
    return 3 if model.geom_type[geom] == _CAPSULE else 1


def _geoms(model: mujoco.MjModel, body: int) -> range:
    start = int(model.body_geomadr[body])
    return range(start, start + int(model.body_geomnum[body])) if start >= 0 else range(0)


def _add_link(robot: ElementTree.Element, model: mujoco.MjModel, body: int) -> None:
    link = ElementTree.SubElement(robot, "link", name=model.body(body).name)
    mass = float(model.body_mass[body])
    if mass > 0.0:
        inertial = ElementTree.SubElement(link, "inertial")
        _add_origin(inertial, model.body_ipos[body], model.body_iquat[body])
        ElementTree.SubElement(inertial, "mass", value=repr(mass))
        x, y, z = (repr(float(value)) for value in model.body_inertia[body])
        ElementTree.SubElement(inertial, "inertia", ixx=x, iyy=y, izz=z, ixy="0", ixz="0", iyz="0")
    for geom in _geoms(model, body):
        _add_shapes(link, "visual", model, geom)
    for geom in collision_geoms(model, body):
        _add_shapes(link, "collision", model, geom)


def _add_shapes(link: ElementTree.Element, kind: str, model: mujoco.MjModel, geom: int) -> None:
    """One shape, or the three that are a capsule: a cylinder and a ball at each end."""
    place, turn, size = model.geom_pos[geom], model.geom_quat[geom], model.geom_size[geom]
    shape = int(model.geom_type[geom])
    if shape == _BOX:
        extent = " ".join(repr(2.0 * float(half)) for half in size)
        _add_shape(link, kind, place, turn, "box", size=extent)
    elif shape == _SPHERE:
        _add_shape(link, kind, place, turn, "sphere", radius=repr(float(size[0])))
    elif shape in (_CYLINDER, _CAPSULE):
        radius, half = repr(float(size[0])), float(size[1])
        _add_shape(link, kind, place, turn, "cylinder", radius=radius, length=repr(2.0 * half))
        if shape == _CAPSULE:
            axis = np.zeros(3)
            mujoco.mju_rotVecQuat(axis, np.array([0.0, 0.0, half]), turn)
            for end in (place + axis, place - axis):
                _add_shape(link, kind, end, turn, "sphere", radius=radius)
    else:
        name = model.geom(geom).name or f"number {geom}"
        raise MvpRealError(
            f"shape '{name}' of body '{link.get('name')}' cannot be written as URDF; make it of boxes, spheres,"
            " cylinders or capsules, or use the engine 'mujoco'"
        )


def _add_shape(
    link: ElementTree.Element,
    kind: str,
    place: NDArray[np.float64],
    turn: NDArray[np.float64],
    shape: str,
    **size: str,
) -> None:
    element = ElementTree.SubElement(link, kind)
    _add_origin(element, place, turn)
    ElementTree.SubElement(ElementTree.SubElement(element, "geometry"), shape, size)


def _add_joint(robot: ElementTree.Element, model: mujoco.MjModel, body: int, parent: str) -> None:
    name = model.body(body).name
    if model.body_jntnum[body] > 1:
        raise MvpRealError(
            f"body '{name}' has {model.body_jntnum[body]} joints; URDF knows one a body, so split it"
        )
    number = int(model.body_jntadr[body])
    kind = "fixed"
    if number >= 0:
        shape = int(model.jnt_type[number])
        if shape not in (_HINGE, _SLIDE) or np.any(model.jnt_pos[number]):
            raise MvpRealError(
                f"the joint of body '{name}' is neither hinge nor slide at the body's origin, as URDF and Isaac Gym"
                " need it; a ball joint is allowed only at the foot of a rod that a connect closes"
            )
        if model.jnt_limited[number]:
            kind = "revolute" if shape == _HINGE else "prismatic"
        else:
            kind = "continuous" if shape == _HINGE else "prismatic"
    joint_name = model.joint(number).name if number >= 0 else f"{name}_fixed"
    joint = ElementTree.SubElement(robot, "joint", name=joint_name, type=kind)
    _add_origin(joint, model.body_pos[body], model.body_quat[body])
    ElementTree.SubElement(joint, "parent", link=parent)
    ElementTree.SubElement(joint, "child", link=name)
    if number < 0:
        return
    ElementTree.SubElement(joint, "axis", xyz=_numbers(model.jnt_axis[number]))
    limit = {"effort": repr(_NO_EFFORT_LIMIT), "velocity": repr(_NO_SPEED_LIMIT)}
    if model.jnt_limited[number]:
        lower, upper = (float(value) for value in model.jnt_range[number])
        limit |= {"lower": repr(lower), "upper": repr(upper)}
    elif kind == "prismatic":
        limit |= {"lower": repr(-_NO_SPEED_LIMIT), "upper": repr(_NO_SPEED_LIMIT)}
    ElementTree.SubElement(joint, "limit", limit)


def _add_origin(element: ElementTree.Element, place: NDArray[np.float64], turn: NDArray[np.float64]) -> None:
    ElementTree.SubElement(element, "origin", xyz=_numbers(place), rpy=_numbers(roll_pitch_yaw(turn)))


def _numbers(values: NDArray[np.float64]) -> str:
    return " ".join(repr(float(value)) for value in values)


def roll_pitch_yaw(quaternion: NDArray[np.float64]) -> FloatArray:
    """(3,) URDF's fixed-axis angles of a quaternion (w, x, y, z): Rz(yaw) Ry(pitch) Rx(roll)."""
    matrix = np.zeros(9)
    mujoco.mju_quat2Mat(matrix, np.asarray(quaternion, dtype=np.float64))
    rotation = matrix.reshape(3, 3)
    level = np.hypot(rotation[0, 0], rotation[1, 0])
    pitch = np.arctan2(-rotation[2, 0], level)
    if level > 1e-9:
        roll = np.arctan2(rotation[2, 1], rotation[2, 2])
        yaw = np.arctan2(rotation[1, 0], rotation[0, 0])
    else:  # upright: only yaw -+ roll counts
        roll, yaw = np.arctan2(-rotation[1, 2], rotation[1, 1]), 0.0
    return np.array([roll, pitch, yaw])


def is_free(model: mujoco.MjModel, body: int) -> bool:
    """Whether a body hangs on nothing."""
    joint = int(model.body_jntadr[body])
    return joint >= 0 and int(model.jnt_type[joint]) == _FREE
