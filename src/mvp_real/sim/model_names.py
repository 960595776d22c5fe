"""From the names in a compiled model to its numbers; unknown names suggest the near ones."""

from __future__ import annotations

import difflib

import mujoco
import numpy as np
from numpy.typing import NDArray

from mvp_real.errors import MvpRealError, unknown_name

_KINDS = {
    "body": (mujoco.mjtObj.mjOBJ_BODY, "nbody"),
    "site": (mujoco.mjtObj.mjOBJ_SITE, "nsite"),
    "sensor": (mujoco.mjtObj.mjOBJ_SENSOR, "nsensor"),
    "camera": (mujoco.mjtObj.mjOBJ_CAMERA, "ncam"),
}


def number_of(model: mujoco.MjModel, kind: str, name: str) -> int:
    """Number of the "body", "site", "sensor" or "camera" called `name`.

    Raises:
        MvpRealError: There is none of that name.
    """
    code, count = _KINDS[kind]
    number = mujoco.mj_name2id(model, code, name)
    if number < 0:
        known = [mujoco.mj_id2name(model, code, k) or "" for k in range(getattr(model, count))]
        raise unknown_name(kind, name, known)
    return int(number)


def sensor_slice(model: mujoco.MjModel, name: str) -> slice:
    """Where the readings of a sensor stand in `sensordata`."""
    number = number_of(model, "sensor", name)
    start = int(model.sensor_adr[number])
    return slice(start, start + int(model.sensor_dim[number]))


def free_joint_address(model: mujoco.MjModel, body: str) -> int:
    """Where the pose (7) of a free body begins in `qpos`.

    Raises:
        MvpRealError: The body is unknown or does not float freely.
    """
    joint = model.body_jntadr[number_of(model, "body", body)]
    if joint < 0 or model.jnt_type[joint] != int(mujoco.mjtJoint.mjJNT_FREE):
        raise MvpRealError(f"body '{body}' does not float freely, so its pose cannot be set")
    return int(model.jnt_qposadr[joint])


def moving_joints(model: mujoco.MjModel) -> NDArray[np.intp]:
    """Numbers of all hinges and slides."""
    kinds = (int(mujoco.mjtJoint.mjJNT_HINGE), int(mujoco.mjtJoint.mjJNT_SLIDE))
    return np.array([k for k in range(model.njnt) if model.jnt_type[k] in kinds], dtype=np.intp)


def driven_joints(model: mujoco.MjModel) -> dict[int, int]:
    """Actuator to the joint that it drives directly."""
    direct = int(mujoco.mjtTrn.mjTRN_JOINT)
    return {
        actuator: int(model.actuator_trnid[actuator, 0])
        for actuator in range(model.nu)
        if model.actuator_trntype[actuator] == direct
    }


def check_field(model: mujoco.MjModel, name: str) -> None:
    """Refuse what is no field of a model; option fields are written `opt.<name>`.

    Raises:
        MvpRealError: The field does not exist.
    """
    owner, field = (model.opt, name[4:]) if name.startswith("opt.") else (model, name)
    if not hasattr(owner, field):
        near = difflib.get_close_matches(field, dir(owner), n=3)
        raise MvpRealError(f"unknown model field '{name}'; did you mean {' or '.join(near) or 'body_mass'}?")
