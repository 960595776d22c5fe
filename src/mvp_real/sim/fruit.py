"""The eight fruits: primitive shapes that differ in colour, shape, size and mass.

A fruit is one free body. Exactly the shapes marked as solid collide and carry the mass; stems, leaves, spots
and seeds are looks only. Its long axis is local x, its narrow axis (the one to grasp) local y, and it rests
on the table at `rest_height`. The kiwi is a peeled one, green: brown fruit on a brown table is hard for the
reason of colour alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import mujoco
import numpy as np

_ELLIPSOID = mujoco.mjtGeom.mjGEOM_ELLIPSOID
_CAPSULE = mujoco.mjtGeom.mjGEOM_CAPSULE
_CYLINDER = mujoco.mjtGeom.mjGEOM_CYLINDER

Colour = tuple[float, float, float]
Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Shape:
    """One primitive of a fruit in the fruit's frame.

    Attributes:
        kind: MuJoCo geom type.
        size: Half axes (ellipsoid), or radius and half length (capsule, cylinder), m.
        position: Centre, m.
        colour: RGB, 0 to 1.
        euler: Rotation about the fixed axes x, then y, then z, rad.
        solid: Whether the shape collides and carries mass.
    """

    kind: mujoco.mjtGeom
    size: Vector
    position: Vector
    colour: Colour
    euler: Vector = (0.0, 0.0, 0.0)
    solid: bool = False


@dataclass(frozen=True)
class Fruit:
    """One kind of fruit.

    Attributes:
        name: The fruit's name.
        width: Extent along the narrow axis (local y), which the gripper closes on, m.
        length: Extent along local x, m.
        rest_height: Height of the centre above the table when it lies at rest, m.
        mass: kg.
        round: True when it looks the same from every side, so that the gripper need not turn.
        shapes: Primitives; at least one is solid.
    """

    name: str
    width: float
    length: float
    rest_height: float
    mass: float
    round: bool
    shapes: tuple[Shape, ...] = field(repr=False)


def _ellipsoid(x: float, y: float, z: float, colour: Colour) -> Shape:
    return Shape(_ELLIPSOID, (x, y, z), (0.0, 0.0, 0.0), colour, solid=True)


def _spots(
    half_axes: Vector, colour: Colour, count: int, radius: float, lowest: float = 0.0, seed: int = 0
) -> tuple[Shape, ...]:
    """Flat dots on the surface of an ellipsoid, spread by the golden angle, above `lowest` x half height."""
    shapes = []
    for index in range(count):
        z = lowest + (0.97 - lowest) * (index + 0.5) / count
        angle = 2.39996 * index + seed
        ring = np.sqrt(1 - z * z)
        point = (half_axes[0] * ring * np.cos(angle), half_axes[1] * ring * np.sin(angle), half_axes[2] * z)
        shapes.append(Shape(_ELLIPSOID, (radius, radius, radius), point, colour))
    return tuple(shapes)


def _leaf(position: Vector, length: float, turn: float, colour: Colour) -> Shape:
    return Shape(_ELLIPSOID, (length, 0.42 * length, 0.0016), position, colour, euler=(0.0, -0.25, turn))


def _banana() -> tuple[Shape, ...]:
    """Five capsules along a shallow arc in the table plane; the ends are brown."""
    radius, bend = 0.0165, 0.16
    xs = np.linspace(-0.045, 0.045, 6)
    ys = bend * (xs**2 - 0.045**2 * 0.35) / 0.045 * 1.4
    yellow, tip = (0.93, 0.78, 0.16), (0.35, 0.24, 0.10)
    shapes = []
    for index in range(5):
        start, end = np.array([xs[index], ys[index]]), np.array([xs[index + 1], ys[index + 1]])
        middle, delta = (start + end) / 2, end - start
        # A capsule lies along its own z axis: turn z onto x, then by the segment's heading.
        turn = float(np.arctan2(delta[1], delta[0]))
        size = (radius if index in (1, 2, 3) else radius * 0.92, float(np.linalg.norm(delta)) / 2, 0.0)
        shapes.append(
            Shape(
                _CAPSULE, size, (middle[0], middle[1], 0.0), yellow, euler=(0.0, np.pi / 2, turn), solid=True
            )
        )
    for x, y, turn, length in ((xs[0], ys[0], 0.42, 0.020), (xs[-1], ys[-1], -0.42, 0.012)):
        side = -1.0 if x < 0 else 1.0
        shapes.append(
            Shape(
                _CAPSULE,
                (0.0052, length / 2, 0.0),
                (x + side * (0.013 + length / 2), y + 0.006, 0.002),
                tip,
                euler=(0.0, np.pi / 2, -turn),
            )
        )
    return tuple(shapes)


_GREEN: Colour = (0.22, 0.52, 0.16)
_BROWN: Colour = (0.34, 0.22, 0.11)

FRUITS: dict[str, Fruit] = {
    fruit.name: fruit
    for fruit in (
        Fruit(
            "apple", 0.062, 0.062, 0.028, 0.130, True,
            (
                _ellipsoid(0.031, 0.031, 0.028, (0.76, 0.11, 0.12)),
                Shape(_ELLIPSOID, (0.020, 0.017, 0.010), (0.006, 0.004, 0.0188), (0.86, 0.50, 0.18)),
                Shape(_CAPSULE, (0.0018, 0.008, 0.0), (0.001, 0.0, 0.033), _BROWN, euler=(0.15, 0.2, 0.0)),
                _leaf((0.011, 0.003, 0.034), 0.012, 0.4, _GREEN),
            ),
        ),
        Fruit(
            "orange", 0.057, 0.057, 0.0285, 0.120, True,
            (
                _ellipsoid(0.0285, 0.0285, 0.0285, (0.95, 0.50, 0.07)),
                Shape(_ELLIPSOID, (0.0045, 0.0045, 0.002), (0.0, 0.0, 0.0280), (0.36, 0.42, 0.14)),
            ),
        ),
        Fruit(
            "lemon", 0.048, 0.070, 0.024, 0.085, False,
            (
                _ellipsoid(0.034, 0.024, 0.024, (0.96, 0.88, 0.20)),
                Shape(_ELLIPSOID, (0.009, 0.008, 0.008), (0.033, 0.0, 0.0), (0.93, 0.84, 0.22)),
                Shape(_ELLIPSOID, (0.006, 0.007, 0.007), (-0.033, 0.0, 0.0), (0.62, 0.66, 0.22)),
            ),
        ),
        Fruit(
            "lime", 0.042, 0.054, 0.021, 0.060, False,
            (
                _ellipsoid(0.027, 0.021, 0.021, (0.16, 0.46, 0.10)),
                Shape(_ELLIPSOID, (0.006, 0.006, 0.006), (0.0255, 0.0, 0.0), (0.30, 0.55, 0.16)),
                Shape(_ELLIPSOID, (0.0035, 0.0045, 0.0045), (-0.0265, 0.0, 0.0), (0.48, 0.46, 0.20)),
            ),
        ),
        Fruit("banana", 0.034, 0.125, 0.0165, 0.115, False, _banana()),
        Fruit(
            "strawberry", 0.036, 0.046, 0.018, 0.024, False,
            (
                Shape(_ELLIPSOID, (0.0200, 0.018, 0.018), (0.0, 0.0, 0.0), (0.85, 0.10, 0.16), solid=True),
                Shape(_ELLIPSOID, (0.0140, 0.0125, 0.0125), (0.0125, 0.0, 0.0), (0.85, 0.10, 0.16)),
                *_spots((0.0200, 0.018, 0.018), (0.96, 0.82, 0.42), 9, 0.0013, lowest=0.25),
                *(
                    Shape(
                        _ELLIPSOID, (0.0115, 0.0045, 0.0016),
                        (-0.0195, 0.008 * np.sin(turn), 0.0115 * np.cos(turn) + 0.001), _GREEN,
                        euler=(turn, -0.5 if np.cos(turn) > 0.3 else 0.2, 0.9 * np.sin(turn)),
                    )
                    for turn in (0.0, 1.1, -1.1)
                ),
                Shape(_CAPSULE, (0.0014, 0.006, 0.0), (-0.026, 0.0, 0.004), _GREEN, (0.0, np.pi / 2, 0.0)),
            ),
        ),
        Fruit(
            "plum", 0.044, 0.046, 0.021, 0.055, True,
            (
                _ellipsoid(0.023, 0.022, 0.021, (0.28, 0.10, 0.33)),
                Shape(_ELLIPSOID, (0.012, 0.011, 0.006), (0.003, 0.002, 0.0155), (0.40, 0.24, 0.46)),
                Shape(_CAPSULE, (0.0014, 0.006, 0.0), (-0.002, 0.0, 0.025), _BROWN, euler=(0.1, -0.3, 0.0)),
            ),
        ),
        Fruit(
            "kiwi", 0.046, 0.060, 0.022, 0.080, False,
            (
                _ellipsoid(0.030, 0.023, 0.022, (0.58, 0.74, 0.24)),
                Shape(_ELLIPSOID, (0.010, 0.0065, 0.004), (0.0, 0.0, 0.0192), (0.90, 0.92, 0.70)),
                *(
                    Shape(
                        _ELLIPSOID, (0.0018, 0.0012, 0.0012),
                        (0.0150 * np.cos(turn), 0.0105 * np.sin(turn), 0.0160), (0.09, 0.09, 0.06),
                    )
                    for turn in np.arange(10) * 2 * np.pi / 10
                ),
            ),
        ),
    )
}  # fmt: skip


def add_fruit(spec: mujoco.MjSpec, fruit: Fruit, position: Vector) -> None:
    """Add a fruit as the free body `fruit/<name>` at `position` (m) to a scene."""
    body = spec.worldbody.add_body(name=f"fruit/{fruit.name}", pos=position)
    body.add_freejoint(name=f"fruit/{fruit.name}")
    solid = [shape for shape in fruit.shapes if shape.solid]
    for index, shape in enumerate(fruit.shapes):
        geom = body.add_geom(
            name=f"fruit/{fruit.name}/{index}",
            type=shape.kind,
            size=shape.size,
            pos=shape.position,
            quat=_quaternion(shape.euler),
            rgba=(*shape.colour, 1.0),
            group=0,
        )
        geom.mass = fruit.mass / len(solid) if shape.solid else 0.0
        if shape.solid:
            geom.contype, geom.conaffinity, geom.condim = 1, 3, 6
            # Rolling friction lets an ellipsoid come to rest; real fruit is soft and uneven.
            geom.friction = (0.9, 0.01, 0.0015)
        else:
            geom.contype, geom.conaffinity = 0, 0


def _quaternion(euler: Vector) -> tuple[float, ...]:
    quaternion = np.zeros(4)
    mujoco.mju_euler2Quat(quaternion, np.asarray(euler, dtype=np.float64), "XYZ")
    return tuple(float(v) for v in quaternion)
