"""The bodies of Digit, read from `sim/digit.yaml`, with the right side made by mirroring the left."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
import yaml

from mvp_real.errors import MvpRealError, unknown_name
from mvp_real.messages import FloatArray
from mvp_real.resources import sim_file
from mvp_real.robots.digit import SIDES

# What a reflection in the plane y = 0 does to a position, to intrinsic xyz Euler angles (an axial vector) and to
# Ixx Iyy Izz Ixy Ixz Iyz.
_MIRROR_POSITION = np.array([1.0, -1.0, 1.0])
_MIRROR_EULER = np.array([-1.0, 1.0, -1.0])
_MIRROR_INERTIA = np.array([1.0, 1.0, 1.0, -1.0, 1.0, -1.0])


@dataclass(frozen=True)
class JointFacts:
    """A joint at the origin of its body: a hinge about `axis` or a ball joint.

    Attributes:
        name: Name of the joint, with its side.
        ball: Whether it is a ball joint.
        axis: (3,) axis of a hinge in the body's frame.
        stiffness: Spring towards zero, Nm/rad.
        damping: Nm s/rad; joints with a motor have theirs in the robot's table.
    """

    name: str
    ball: bool
    axis: tuple[float, float, float]
    stiffness: float
    damping: float


@dataclass(frozen=True, eq=False)
class BodyFacts:
    """One rigid body.

    Attributes:
        name, parent: Names with their side; the root is `base` and has the parent `world`.
        position: (3,) of the body's frame in its parent's, m.
        quaternion: (4,) of the body's frame in its parent's, (w, x, y, z).
        mass: kg.
        center_of_mass: (3,) in the body's frame, m.
        inertia: (6,) Ixx Iyy Izz Ixy Ixz Iyz at the centre of mass along the body's axes, kg m^2.
        joint: None for the free base.
    """

    name: str
    parent: str
    position: FloatArray
    quaternion: FloatArray
    mass: float
    center_of_mass: FloatArray
    inertia: FloatArray
    joint: JointFacts | None


@dataclass(frozen=True, eq=False)
class LoopFacts:
    """The free end of a rod, held at `anchor` (3,) of `body`, in that body's frame, m."""

    name: str
    body: str
    anchor: FloatArray
    rod: str


@dataclass(frozen=True, eq=False)
class BoxFacts:
    """A colliding box of a body: half sizes (3,), position (3,) in m and quaternion (4,) in the body's frame."""

    body: str
    size: FloatArray
    position: FloatArray
    quaternion: FloatArray
    friction: float


@dataclass(frozen=True, eq=False)
class DigitFacts:
    """All bodies of the robot, parents before children, its loops and its colliding boxes."""

    bodies: tuple[BodyFacts, ...]
    loops: tuple[LoopFacts, ...]
    feet: tuple[BoxFacts, ...]
    torso: BoxFacts

    def body(self, name: str) -> BodyFacts:
        """The body called `name`; an unknown name suggests the near ones."""
        for body in self.bodies:
            if body.name == name:
                return body
        raise unknown_name("body of Digit", name, [body.name for body in self.bodies])


@lru_cache(maxsize=1)
def load_facts() -> DigitFacts:
    """The facts in `sim/digit.yaml`."""
    return read_facts(sim_file("digit.yaml"))


def read_facts(path: Path) -> DigitFacts:
    """The facts in a YAML file.

    Raises:
        MvpRealError: A key is missing, or a body hangs on one that is not listed before it.
    """
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        bodies = [_base(document["base"])]
        for side in SIDES:
            bodies += [_body(name, row, side) for name, row in document["bodies"].items()]
        loops = [_loop(name, row, side) for side in SIDES for name, row in document["loops"].items()]
        feet = [_box(f"{side}_foot", document["foot_box"], side) for side in SIDES]
        torso = _box("base", document["torso_box"], SIDES[0])
    except KeyError as error:
        raise MvpRealError(f"{path}: key {error} is missing") from error
    known = {"world"}
    for body in bodies:
        if body.parent not in known:
            raise unknown_name(f"parent of '{body.name}' in {path}", body.parent, known)
        known.add(body.name)
    return DigitFacts(tuple(bodies), tuple(loops), tuple(feet), torso)


def quaternion_of_euler(degrees: Any, side: str = "left") -> FloatArray:
    """(4,) quaternion (w, x, y, z) of intrinsic xyz Euler angles of the left side, mirrored for the right."""
    angles = np.radians(np.asarray(degrees, dtype=np.float64))
    quaternion = np.zeros(4)
    mujoco.mju_euler2Quat(quaternion, angles if side == "left" else angles * _MIRROR_EULER, "xyz")
    return quaternion


def position_of(values: Any, side: str = "left") -> FloatArray:
    """(3,) position of the left side, mirrored for the right, m."""
    position = np.asarray(values, dtype=np.float64)
    return position if side == "left" else position * _MIRROR_POSITION


def _base(row: dict[str, Any]) -> BodyFacts:
    return BodyFacts(
        name="base",
        parent="world",
        position=np.array([0.0, 0.0, 1.0]),
        quaternion=np.array([1.0, 0.0, 0.0, 0.0]),
        mass=float(row["mass"]),
        center_of_mass=position_of(row["com"]),
        inertia=np.array(row["inertia"]) * 1e-6,
        joint=None,
    )


def _body(name: str, row: dict[str, Any], side: str) -> BodyFacts:
    joint = row.get("joint", {})
    inertia = np.array(row["inertia"]) * 1e-6
    return BodyFacts(
        name=f"{side}_{name}",
        parent=row["parent"] if row["parent"] == "base" else f"{side}_{row['parent']}",
        position=position_of(row["pos"], side),
        quaternion=quaternion_of_euler(row["euler"], side),
        mass=float(row["mass"]),
        center_of_mass=position_of(row["com"], side),
        inertia=inertia if side == "left" else inertia * _MIRROR_INERTIA,
        joint=JointFacts(
            name=f"{side}_{joint.get('name', name)}",
            ball=joint.get("type", "hinge") == "ball",
            axis=tuple(joint.get("axis", (0.0, 0.0, 1.0))),
            stiffness=float(joint.get("stiffness", 0.0)),
            damping=float(joint.get("damping", 0.0)),
        ),
    )


def _loop(name: str, row: dict[str, Any], side: str) -> LoopFacts:
    return LoopFacts(
        f"{side}_{name}", f"{side}_{row['body']}", position_of(row["anchor"], side), f"{side}_{row['rod']}"
    )


def _box(body: str, row: dict[str, Any], side: str) -> BoxFacts:
    return BoxFacts(
        body=body,
        size=np.array(row["size"]),
        position=position_of(row["pos"], side),
        quaternion=quaternion_of_euler(row.get("euler", (0.0, 0.0, 0.0)), side),
        friction=float(row.get("friction", 0.7)),
    )
