"""Fusing rigid bodies: mass, centre of mass and inertia of several bodies that move as one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import mujoco
import numpy as np

from mvp_real.messages import FloatArray
from mvp_real.sim.digit.facts import BodyFacts

_ROWS, _COLUMNS = np.array([0, 1, 2, 0, 0, 1]), np.array([0, 1, 2, 1, 2, 2])


def body_frames(bodies: Iterable[BodyFacts]) -> dict[str, FloatArray]:
    """(4, 4) pose of every body's frame in the base frame with all joints at zero; parents come first."""
    frames = {"world": np.eye(4)}
    for body in bodies:
        local = np.eye(4)
        if body.parent != "world":
            local[:3, :3], local[:3, 3] = rotation_of(body.quaternion), body.position
        frames[body.name] = frames[body.parent] @ local
    return frames


def rotation_of(quaternion: FloatArray) -> FloatArray:
    """(3, 3) rotation of a unit quaternion (w, x, y, z)."""
    flat = np.zeros(9)
    mujoco.mju_quat2Mat(flat, quaternion)
    return flat.reshape(3, 3)


def fuse(body: BodyFacts, parts: Iterable[BodyFacts], frames: dict[str, FloatArray]) -> BodyFacts:
    """`body` with the masses of `parts` added, as they lie at the zero pose.

    Args:
        body: Body that keeps its frame and joint.
        parts: Bodies that move with it from now on.
        frames: (4, 4) poses of all of them, see `body_frames`.
    """
    to_body = np.linalg.inv(frames[body.name])
    members = [(one, to_body @ frames[one.name]) for one in (body, *parts)]
    mass = sum(one.mass for one, _ in members)
    centers = [pose[:3, :3] @ one.center_of_mass + pose[:3, 3] for one, pose in members]
    center = (
        sum((one.mass * place for (one, _), place in zip(members, centers, strict=True)), np.zeros(3)) / mass
    )
    inertia = np.zeros((3, 3))
    for (one, pose), place in zip(members, centers, strict=True):
        arm = place - center
        inertia += pose[:3, :3] @ _matrix(one.inertia) @ pose[:3, :3].T
        inertia += one.mass * (arm @ arm * np.eye(3) - np.outer(arm, arm))
    return replace(body, mass=mass, center_of_mass=center, inertia=inertia[_ROWS, _COLUMNS])


def rigid_child(body: BodyFacts, parent: str, frames: dict[str, FloatArray]) -> BodyFacts:
    """`body` hanging on another parent, at the place where it is at the zero pose."""
    pose = np.linalg.inv(frames[parent]) @ frames[body.name]
    quaternion = np.zeros(4)
    mujoco.mju_mat2Quat(quaternion, np.ascontiguousarray(pose[:3, :3]).reshape(-1))
    return replace(body, parent=parent, position=pose[:3, 3].copy(), quaternion=quaternion)


def _matrix(six: FloatArray) -> FloatArray:
    matrix = np.zeros((3, 3))
    matrix[_ROWS, _COLUMNS] = matrix[_COLUMNS, _ROWS] = six
    return matrix
