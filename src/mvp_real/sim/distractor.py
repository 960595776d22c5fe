"""Things on the table that are not fruit: they only stand there, in the way of the eye.

Each is one mocap body (it does not move when touched) whose colours and, for the single-shape kinds, sizes
are redrawn per episode in the compiled model.
"""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.random import Generator

_BOX = mujoco.mjtGeom.mjGEOM_BOX
_CYLINDER = mujoco.mjtGeom.mjGEOM_CYLINDER
_CAPSULE = mujoco.mjtGeom.mjGEOM_CAPSULE


@dataclass(frozen=True)
class Distractor:
    """One kind of distractor.

    Attributes:
        name: Its name.
        parts: (type, size, position, euler xyz) of each primitive; body frame on the table, z up; m and rad.
        low, high: Bounds of the first part's size when it may be redrawn, m; None for fixed shapes.
        textured: Whether the first part carries the redrawn pattern.
    """

    name: str
    parts: tuple[tuple[mujoco.mjtGeom, tuple[float, ...], tuple[float, ...], tuple[float, ...]], ...]
    low: tuple[float, float, float] | None = None
    high: tuple[float, float, float] | None = None
    textured: bool = False


_FLAT = (0.0, 0.0, 0.0)
DISTRACTORS: dict[str, Distractor] = {
    item.name: item
    for item in (
        Distractor(
            "block", ((_BOX, (0.02, 0.02, 0.02), (0, 0, 0.02), _FLAT),),
            (0.012, 0.012, 0.010), (0.030, 0.030, 0.030),
        ),
        Distractor(
            "carton", ((_BOX, (0.04, 0.03, 0.03), (0, 0, 0.03), _FLAT),),
            (0.030, 0.022, 0.012), (0.055, 0.040, 0.040), textured=True,
        ),
        Distractor(
            "can", ((_CYLINDER, (0.028, 0.04, 0), (0, 0, 0.04), _FLAT),),
            (0.018, 0.025, 0.0), (0.034, 0.048, 0.0), textured=True,
        ),
        Distractor(
            "mug",
            (
                (_CYLINDER, (0.034, 0.036), (0, 0, 0.036), _FLAT),
                (_CYLINDER, (0.029, 0.0006), (0, 0, 0.0722), _FLAT),
                (_CAPSULE, (0.0045, 0.012), (0.046, 0, 0.036), _FLAT),
                (_CAPSULE, (0.0045, 0.007), (0.040, 0, 0.050), (0, 1.2, 0)),
                (_CAPSULE, (0.0045, 0.007), (0.040, 0, 0.022), (0, -1.2, 0)),
            ),
        ),
        Distractor(
            "pen",
            (
                (_CAPSULE, (0.0055, 0.055), (0, 0, 0.0055), (0, np.pi / 2, 0)),
                (_CYLINDER, (0.0062, 0.018), (0.040, 0, 0.0062), (0, np.pi / 2, 0)),
            ),
        ),
        Distractor(
            "book",
            (
                (_BOX, (0.060, 0.042, 0.009), (0, 0, 0.009), _FLAT),
                (_BOX, (0.061, 0.0405, 0.0072), (0.001, 0.0, 0.009), _FLAT),
            ),
            textured=True,
        ),
    )
}  # fmt: skip


def add_distractor(spec: mujoco.MjSpec, item: Distractor, position: tuple[float, float, float]) -> None:
    """Add a distractor as the mocap body `distractor/<name>`; its material, if any, is
    `distractor/<name>`.
    """
    body = spec.worldbody.add_body(name=f"distractor/{item.name}", pos=position, mocap=True)
    for index, (kind, size, place, euler) in enumerate(item.parts):
        quaternion = np.zeros(4)
        mujoco.mju_euler2Quat(quaternion, np.asarray(euler, dtype=np.float64), "XYZ")
        geom = body.add_geom(
            name=f"distractor/{item.name}/{index}",
            type=kind,
            size=(*size, 0.0, 0.0)[:3],
            pos=place,
            quat=quaternion,
            rgba=(0.6, 0.6, 0.6, 1.0),
            group=0,
            contype=1,
            conaffinity=3,
        )
        if item.textured and index == 0:
            geom.material = f"distractor/{item.name}"


def resize(model: mujoco.MjModel, item: Distractor, size: np.ndarray) -> float:
    """Give the first part of a distractor another size in the compiled model; return its radius on the
    table, m.

    MuJoCo keeps bounding volumes beside the size; all three follow here, or collisions would be missed.
    """
    geom = model.geom(f"distractor/{item.name}/0").id
    if item.low is not None:
        box = size if item.parts[0][0] == _BOX else np.array([size[0], size[0], size[1]])
        model.geom_size[geom] = size
        model.geom_pos[geom, 2] = box[2]
        model.geom_rbound[geom] = np.linalg.norm(box)
        model.geom_aabb[geom, 3:] = box
        node = model.body_bvhadr[model.geom_bodyid[geom]]
        if node >= 0:
            model.bvh_aabb[node, 3:] = box
    radii = []
    body = model.body(f"distractor/{item.name}").id
    for index in range(model.body_geomadr[body], model.body_geomadr[body] + model.body_geomnum[body]):
        x, y = model.geom_pos[index, :2]
        if model.geom_type[index] == _BOX:
            reach = np.linalg.norm(model.geom_size[index, :2])
        elif abs(model.geom_quat[index, 0]) < 0.9:  # a lying capsule or cylinder
            reach = model.geom_size[index, 1] + model.geom_size[index, 0]
        else:
            reach = model.geom_size[index, 0]
        radii.append(np.hypot(x, y) + reach)
    return float(max(radii))


def draw_size(item: Distractor, generator: Generator) -> np.ndarray:
    """A size (3,) in m within the bounds of the kind; the built size where the kind has none."""
    if item.low is None or item.high is None:
        return np.asarray((*item.parts[0][1], 0.0, 0.0)[:3], dtype=np.float64)
    return generator.uniform(item.low, item.high)
