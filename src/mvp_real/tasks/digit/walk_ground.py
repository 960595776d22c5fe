"""What a simulated Digit walks on and carries, by the words of the command line."""

from __future__ import annotations

import math
from collections.abc import Callable

import mujoco

from mvp_real.errors import MvpRealError, unknown_name
from mvp_real.sim.digit.stage import Terrain, add_plane
from mvp_real.tasks.digit.terrain import add_step

LARGEST_PAYLOAD = 20.0  # kg


def _slope(gradient: float) -> Terrain:
    def add(spec: mujoco.MjSpec) -> None:
        half = -0.5 * math.atan(gradient)
        spec.worldbody.add_geom(
            name="floor",
            type=mujoco.mjtGeom.mjGEOM_PLANE,
            size=(0.0, 0.0, 0.5),
            material="ground",
            quat=(math.cos(half), 0.0, math.sin(half), 0.0),
        )

    return add


def _step(height: float) -> Terrain:
    def add(spec: mujoco.MjSpec) -> None:
        add_plane(spec)
        add_step(spec, height, distance=1.5, depth=3.0)

    return add


# Word to its maker, what the number is, and its bounds.
TERRAINS: dict[str, tuple[Callable[[float], Terrain], str, tuple[float, float]]] = {
    "slope": (_slope, "GRADIENT", (-0.2, 0.2)),
    "step": (_step, "METRES", (0.01, 0.2)),
}


def parse_terrain(text: str) -> Terrain | None:
    """`plane`, `slope=0.08` (rises ahead by 8 %) or `step=0.04` (4 cm high, 1.5 m ahead).

    Raises:
        MvpRealError: Another word, or a number that is missing or out of range.
    """
    name, separator, number = text.strip().partition("=")
    if name == "plane" and not separator:
        return None
    if name not in TERRAINS:
        raise unknown_name("terrain", name, ["plane", *TERRAINS])
    make, unit, (low, high) = TERRAINS[name]
    try:
        value = float(number)
    except ValueError as error:
        raise MvpRealError(f"terrain '{text}' is written '{name}={unit}'") from error
    if not low <= value <= high:
        raise MvpRealError(f"terrain '{text}': {value} is out of range; use {low} to {high}")
    return make(value)


def check_payload(mass: float) -> float:
    """The payload in kg.

    Raises:
        MvpRealError: Not between 0 and 20.
    """
    if not 0.0 <= mass <= LARGEST_PAYLOAD:
        raise MvpRealError(f"payload is {mass} kg; use 0 to {LARGEST_PAYLOAD:.0f}")
    return mass
