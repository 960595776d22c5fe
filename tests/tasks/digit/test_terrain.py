"""Heights of the ground against rays in the simulation, shares of terrains, the height map."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from mvp_real.errors import MvpRealError
from mvp_real.sim.digit import reduced_model
from mvp_real.sim.mujoco_backend import MujocoBackend
from mvp_real.tasks.digit.terrain import GRID, Ground, Terrain

EVERY = slice(None)


def placed(terrain: Terrain, count: int) -> tuple[Ground, MujocoBackend]:
    ground = Ground(terrain, count)
    backend = MujocoBackend(reduced_model(terrain=ground.add, appearance=False), count, threads=1)
    ground.place(backend, np.arange(count), np.random.default_rng(3))
    backend.update_constants()
    return ground, backend


def ray_heights(backend: MujocoBackend, robot: int, places: np.ndarray) -> np.ndarray:
    """Heights of what a ball would hit from above, among the geoms that collide with a foot."""
    model, data = backend._batch.get_model(robot), mujoco.MjData(backend.model)
    data.qpos[2] = -5.0  # the robot is out of the way
    mujoco.mj_forward(model, data)
    group = np.zeros(6, dtype=np.uint8)
    group[0] = 1
    for geom in range(model.ngeom):
        if not model.geom_contype[geom]:
            model.geom_group[geom] = 3
    heights = []
    for place in places:
        start = np.array([*place, 2.0])
        distance = mujoco.mj_ray(
            model, data, start, np.array([0.0, 0.0, -1.0]), group, 1, -1, np.zeros(1, np.int32)
        )
        heights.append(2.0 - distance)
    return np.array(heights)


@pytest.mark.parametrize(
    ("terrain", "tolerance"),
    [
        (Terrain(), 1e-9),
        (Terrain(slope=0.1, slope_share=1.0), 1e-9),
        (Terrain(rough_share=1.0), 1e-3),  # MuJoCo has two triangles where we have a bilinear patch
        (Terrain(step_height=0.12, step_distance=0.4, step_depth=0.5), 1e-9),
    ],
    ids=["plane", "slope", "rough", "step"],
)
def test_heights_are_those_of_the_simulation(terrain: Terrain, tolerance: float) -> None:
    ground, backend = placed(terrain, 2)
    places = np.random.default_rng(0).uniform(-1.0, 1.0, (2, 20, 2))
    heights = ground.height(EVERY, places)
    for robot in range(2):
        np.testing.assert_allclose(heights[robot], ray_heights(backend, robot, places[robot]), atol=tolerance)


def test_rough_ground_is_as_rough_as_asked() -> None:
    ground, _ = placed(Terrain(rough_share=1.0, roughness=0.05), 1)
    heights = ground.height(EVERY, np.random.default_rng(0).uniform(-25.0, 25.0, (1, 20_000, 2)))
    assert 0.0 <= heights.min() < 0.005
    assert 0.045 < heights.max() <= 0.05


def test_shares_of_the_terrains() -> None:
    ground, _ = placed(Terrain(slope=0.1, slope_share=0.5, rough_share=0.25), 400)
    sloped = np.linalg.norm(ground.gradient, axis=1)
    assert ground.rough.mean() == pytest.approx(0.25, abs=0.07)
    assert (sloped > 0.0).mean() == pytest.approx(0.5, abs=0.08)
    assert sloped.max() <= 0.1
    assert not (ground.rough & (sloped > 0.0)).any()


def test_the_height_map_turns_with_the_robot() -> None:
    ground = Ground(Terrain(slope_share=1.0), 1)
    ground.gradient[0] = (0.1, 0.0)
    north = np.array([[0.0, 1.0]])  # looks along y, so that the way up is to its right
    place = np.array([[3.0, -2.0]])
    heights = ground.height_map(EVERY, place, north, ground.height(EVERY, place))
    np.testing.assert_allclose(
        heights.reshape(11, 11), np.repeat(-0.1 * GRID[:, None], 11, axis=1), atol=1e-12
    )


def test_the_height_map_of_a_slope_is_that_of_its_points() -> None:
    """The short cut for planes gives what single heights give."""
    ground = Ground(Terrain(slope_share=1.0), 1)
    ground.gradient[0] = (0.06, -0.03)
    place, angle = np.array([[1.0, 2.0]]), 0.7
    heading = np.array([[np.cos(angle), np.sin(angle)]])
    under = ground.height(EVERY, place)
    short = ground.height_map(EVERY, place, heading, under)
    x, y = np.meshgrid(GRID, GRID)
    points = np.stack([
        place[0, 0] + heading[0, 0] * x - heading[0, 1] * y, place[0, 1] + heading[0, 1] * x + heading[0, 0] * y
    ], axis=-1).reshape(1, -1, 2)  # fmt: skip
    np.testing.assert_allclose(short, ground.height(EVERY, points) - under, atol=1e-12)


def test_a_step_ahead_shows_in_the_map() -> None:
    ground = Ground(Terrain(step_height=0.08, step_distance=0.3), 1)
    ahead = np.array([[1.0, 0.0]])
    heights = ground.height_map(EVERY, np.zeros((1, 2)), ahead, np.zeros(1)).reshape(11, 11)
    np.testing.assert_allclose(heights[0], np.where(GRID >= 0.3 - 1e-9, 0.08, 0.0), atol=1e-9)


def test_a_step_needs_a_plane() -> None:
    with pytest.raises(MvpRealError, match="plane"):
        Terrain(step_height=0.1, slope_share=0.5)
