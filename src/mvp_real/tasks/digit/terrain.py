"""The ground: planes, slopes in any direction and rough planes, one kind per robot (Xiao 2023, sec. 6.4.2); for the
evaluation also a step.

Slopes turn the plane of a single simulation, rough ground is a height field that all simulations share. Heights are
in the world frame, vertical, in m. The size of the unevenness is not given in the thesis; ours is `roughness`.
"""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray
from mvp_real.sim.mujoco_backend import MujocoBackend

FLOOR, ROUGH, STEP = "floor", "rough_ground", "step"
EXTENT = 30.0  # half side of the height field, m: 20 s at 1 m/s from the middle and some
CELL = 0.1  # m between two heights
GRAIN = 0.4  # m between two independent heights
GRID = np.linspace(-0.5, 0.5, 11)  # m, of the height map, in both directions
MAP_SIZE = len(GRID) ** 2
_HIDDEN = -50.0  # m, where the ground lies that a robot is not on


@dataclass(frozen=True)
class Terrain:
    """What the robots walk on.

    Attributes:
        slope: Largest gradient; 0.1 is 10 %. Of each robot's slope, gradient and direction are random.
        slope_share, rough_share: Shares of the robots on slopes and on rough ground; the others are on a plane.
        roughness: Height between the lowest and the highest point of rough ground, m.
        step_height: Height of a step across the way of all robots, m; 0 for none.
        step_distance, step_depth: Where it begins ahead of the start and how long it is, m.
    """

    slope: float = 0.1
    slope_share: float = 0.0
    rough_share: float = 0.0
    roughness: float = 0.03
    step_height: float = 0.0
    step_distance: float = 1.0
    step_depth: float = 2.0

    def __post_init__(self) -> None:
        shares = (self.slope_share, self.rough_share)
        if min(shares) < 0.0 or sum(shares) > 1.0:
            raise MvpRealError(f"terrain: shares of slopes and rough ground are {shares}; need 0 or more, at most 1"
                               " together")  # fmt: skip
        if (
            not 0.0 <= self.slope <= 0.5
            or not 0.0 < self.roughness <= 0.3
            or not 0.0 <= self.step_height <= 0.5
        ):
            raise MvpRealError(
                f"terrain: slope {self.slope}, roughness {self.roughness} m, step_height {self.step_height} m; needs a"
                " slope of 0 to 0.5, roughness above 0 and up to 0.3, a step of 0 to 0.5"
            )
        if self.step_height and sum(shares) > 0.0:
            raise MvpRealError("terrain: a step stands on a plane; set slope_share and rough_share to 0")


def rough_heights() -> FloatArray:
    """(rows, columns) heights in [0, 1] of the rough ground, smooth between independent random points; the same always.

    Rows go along y, columns along x, from -EXTENT to EXTENT.
    """
    points = round(2.0 * EXTENT / GRAIN) + 1
    coarse = np.random.default_rng(6).random((points, points))
    place = np.linspace(0.0, points - 1.0, round(2.0 * EXTENT / CELL) + 1)
    index = np.minimum(place.astype(int), points - 2)
    share = place - index
    share = share * share * (3.0 - 2.0 * share)
    rows = coarse[index] * (1.0 - share)[:, None] + coarse[index + 1] * share[:, None]
    heights = rows[:, index] * (1.0 - share) + rows[:, index + 1] * share
    return (heights - heights.min()) / (heights.max() - heights.min())


class Ground:
    """The terrain of N robots: adds it to a model, gives each robot its kind, tells heights.

    Args:
        terrain: What the robots walk on.
        count: N.

    Attributes:
        gradient: (N, 2) slope of each robot's plane along x and y.
        rough: (N,) who is on rough ground.
    """

    def __init__(self, terrain: Terrain, count: int) -> None:
        self.terrain = terrain
        self.gradient = np.zeros((count, 2))
        self.rough = np.zeros(count, dtype=bool)
        self._with_rough = terrain.rough_share > 0.0
        self._heights = rough_heights() * terrain.roughness if self._with_rough else np.zeros((2, 2))

    def add(self, spec: mujoco.MjSpec) -> None:
        """Add the ground to a model: the `terrain` argument of the model builders."""
        spec.worldbody.add_geom(
            name=FLOOR, type=mujoco.mjtGeom.mjGEOM_PLANE, size=(0.0, 0.0, 0.5), material="ground"
        )
        if self._with_rough:
            heights = self._heights / self.terrain.roughness
            field = spec.add_hfield(
                name=ROUGH, nrow=heights.shape[0], ncol=heights.shape[1],
                size=(EXTENT, EXTENT, self.terrain.roughness, 0.5),
            )  # fmt: skip
            field.userdata = heights.astype(np.float32).ravel()
            spec.worldbody.add_geom(
                name=ROUGH, type=mujoco.mjtGeom.mjGEOM_HFIELD, hfieldname=ROUGH, material="ground"
            )
        if self.terrain.step_height:
            add_step(spec, self.terrain.step_height, self.terrain.step_distance, self.terrain.step_depth)

    def place(self, backend: MujocoBackend, ids: NDArray[np.intp], random: Generator) -> None:
        """Draw a terrain for robots and give it to their simulations; constants must be updated afterwards."""
        terrain = self.terrain
        if not terrain.slope_share and not terrain.rough_share:
            return
        kind = random.random(len(ids))
        self.rough[ids] = kind < terrain.rough_share
        sloped = (kind >= terrain.rough_share) & (kind < terrain.rough_share + terrain.slope_share)
        size = sloped * random.uniform(0.0, terrain.slope, len(ids))
        angle = random.uniform(0.0, 2.0 * np.pi, len(ids))
        self.gradient[ids, 0], self.gradient[ids, 1] = size * np.cos(angle), size * np.sin(angle)
        floor = backend.model.geom(FLOOR).id
        backend.model_field("geom_quat")[ids, floor] = _plane_quaternions(self.gradient[ids])
        if self._with_rough:
            rough = backend.model.geom(ROUGH).id
            on_rough = self.rough[ids]
            # Out of the way rather than without collisions, which MuJoCo Warp cannot vary.
            place = backend.model_field("geom_pos")
            place[ids, floor, 2] = np.where(on_rough, _HIDDEN, 0.0)
            place[ids, rough, 2] = np.where(on_rough, 0.0, _HIDDEN)

    def height(self, ids: NDArray[np.intp] | slice, place: FloatArray) -> FloatArray:
        """Heights (n, ...) under the points (n, ..., 2) of the chosen robots, m."""
        gradient, rough = self.gradient[ids], self.rough[ids]
        heights = np.einsum("n...c,nc->n...", place, gradient)
        if self.terrain.step_height:
            start = self.terrain.step_distance
            on_step = (place[..., 0] >= start) & (place[..., 0] <= start + self.terrain.step_depth)
            heights += on_step * self.terrain.step_height
        if rough.any():
            heights[rough] = self._rough_height(place[rough])
        return heights

    def height_map(
        self, ids: NDArray[np.intp] | slice, place: FloatArray, heading: FloatArray, height: FloatArray
    ) -> FloatArray:
        """(n, 121) heights of the ground relative to that under the base, 1 m x 1 m around it, row by row along y.

        Args:
            ids: The robots.
            place: (n, 2) places of the bases, m.
            heading: (n, 2) cosine and sine of their headings.
            height: (n,) height of the ground under them, m.
        """
        if not self.rough[ids].any() and not self.terrain.step_height:
            ahead = np.einsum("nc,nc->n", self.gradient[ids], heading)
            aside = self.gradient[ids, 1] * heading[:, 0] - self.gradient[ids, 0] * heading[:, 1]
            return (ahead[:, None, None] * GRID + aside[:, None, None] * GRID[:, None]).reshape(-1, MAP_SIZE)
        cosine, sine = heading[:, 0, None, None], heading[:, 1, None, None]
        x = place[:, 0, None, None] + cosine * GRID - sine * GRID[:, None]
        y = place[:, 1, None, None] + sine * GRID + cosine * GRID[:, None]
        points = np.stack([x, y], axis=-1).reshape(len(place), MAP_SIZE, 2)
        return self.height(ids, points) - height[:, None]

    def _rough_height(self, place: FloatArray) -> FloatArray:
        cells = len(self._heights) - 1
        position = np.clip((place + EXTENT) / CELL, 0.0, cells - 1e-6)
        index = position.astype(np.intp)
        share = position - index
        column, row = index[..., 0], index[..., 1]
        x, y = share[..., 0], share[..., 1]
        near = self._heights[row, column] * (1.0 - x) + self._heights[row, column + 1] * x
        far = self._heights[row + 1, column] * (1.0 - x) + self._heights[row + 1, column + 1] * x
        return near * (1.0 - y) + far * y


def add_step(spec: mujoco.MjSpec, height: float, distance: float, depth: float) -> None:
    """Add a step across the x axis: a platform of `height` m from `distance` on, `depth` m long, 10 m wide."""
    spec.worldbody.add_geom(
        name=STEP,
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=(depth / 2.0, 5.0, height / 2.0),
        pos=(distance + depth / 2.0, 0.0, height / 2.0),
        material="ground",
    )


def _plane_quaternions(gradient: FloatArray) -> FloatArray:
    """(n, 4) rotations of a horizontal plane to the gradients (n, 2)."""
    size = np.linalg.norm(gradient, axis=1)
    half = np.arctan(size) / 2.0
    # The axis is horizontal and at a right angle to the way up: the plane's normal leans away from it.
    direction = gradient / np.maximum(size, 1e-12)[:, None]
    sine = np.sin(half)
    zero = np.zeros(len(gradient))
    return np.stack([np.cos(half), direction[:, 1] * sine, -direction[:, 0] * sine, zero], axis=1)
