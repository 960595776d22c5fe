"""How Digit looks: shapes of `sim/digit_appearance.yaml`, for pictures only; they neither collide nor weigh."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import mujoco
import numpy as np
import yaml

from mvp_real.messages import FloatArray
from mvp_real.resources import sim_file
from mvp_real.robots.digit import SIDES
from mvp_real.sim.digit.facts import DigitFacts, position_of, quaternion_of_euler
from mvp_real.sim.digit.inertia import body_frames

_LONG = {"capsule": mujoco.mjtGeom.mjGEOM_CAPSULE, "cylinder": mujoco.mjtGeom.mjGEOM_CYLINDER}
_SOLID = {"box": mujoco.mjtGeom.mjGEOM_BOX, "ellipsoid": mujoco.mjtGeom.mjGEOM_ELLIPSOID}


def add_appearance(spec: mujoco.MjSpec, facts: DigitFacts, moved: dict[str, str] | None = None) -> None:
    """Add the shapes in geom group 2.

    Args:
        spec: Model with the robot's bodies; shapes of bodies that it lacks are left out.
        facts: The bodies, for the places of those that moved.
        moved: Bodies that are not in the model but are still shown, and the body that carries them.
    """
    frames = body_frames(facts.bodies)
    document = _document()
    for name, colour in document["colours"].items():
        spec.add_material(name=name, rgba=colour, specular=0.4, shininess=0.5, reflectance=0.0)
    present = {body.name for body in spec.bodies}
    for body, side, row in _rows(document):
        carrier = body if body in present else (moved or {}).get(body)
        if carrier is not None:
            pose = np.linalg.inv(frames[carrier]) @ frames[body]
            _add_shape(spec.body(carrier), row, side, pose)


@lru_cache(maxsize=1)
def _document() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(sim_file("digit_appearance.yaml").read_text(encoding="utf-8"))
    return document


def _rows(document: dict[str, Any]) -> Iterator[tuple[str, str, list[Any]]]:
    """Body, side and row of every shape of the robot."""
    for body, rows in document["middle"].items():
        for row in rows:
            yield body, SIDES[0], row
    for side in SIDES:
        for body, rows in document["left"].items():
            for row in rows:
                yield body if body == "base" else f"{side}_{body}", side, row


def _add_shape(body: mujoco.MjsBody, row: list[Any], side: str, pose: FloatArray) -> None:
    """Add one shape whose numbers are in the frame at `pose` (4, 4) of the body."""
    colour, kind, numbers = row
    geom = body.add_geom(contype=0, conaffinity=0, group=2, material=colour, density=0.0)
    turn, place = pose[:3, :3], pose[:3, 3]
    if kind in _LONG:
        ends = [turn @ position_of(numbers[k : k + 3], side) + place for k in (0, 3)]
        geom.type, geom.fromto, geom.size = _LONG[kind], np.concatenate(ends), (numbers[6], 0.0, 0.0)
    else:
        own, whole, carrier = (
            quaternion_of_euler(numbers[6:9] or (0.0, 0.0, 0.0), side),
            np.zeros(4),
            np.zeros(4),
        )
        mujoco.mju_mat2Quat(carrier, np.ascontiguousarray(turn).reshape(-1))
        mujoco.mju_mulQuat(whole, carrier, own)
        geom.type, geom.size, geom.quat = _SOLID[kind], numbers[3:6], whole
        geom.pos = turn @ position_of(numbers[:3], side) + place
