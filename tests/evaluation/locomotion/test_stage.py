"""Ground and loads as the robot meets them, in the compiled model."""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np
import pytest

from mvp_real.evaluation.locomotion.condition import Ground, Load
from mvp_real.evaluation.locomotion.stage import Stage
from mvp_real.sim.digit import full_model

from .synthetic import condition


def model_of(**changes: Any) -> mujoco.MjModel:
    return full_model(terrain=Stage(condition(robots=1, **changes), 1).add, appearance=False).compile()


def height(model: mujoco.MjModel, x: float, y: float) -> float:
    """Height of the ground by a ray from above, beside the robot, m."""
    data = mujoco.MjData(model)
    data.qpos[0] = 20.0  # out of the way
    mujoco.mj_forward(model, data)
    number = np.zeros(1, dtype=np.int32)
    distance = mujoco.mj_ray(
        model, data, np.array([x, y, 4.0]), np.array([0.0, 0.0, -1.0]), None, 1, -1, number
    )
    return 4.0 - distance


@pytest.mark.parametrize(
    ("uphill", "ahead", "left"),
    [(0.0, 0.087, 0.0), (180.0, -0.087, 0.0), (90.0, 0.0, 0.087), (-90.0, 0.0, -0.087)],
)
def test_a_slope_rises_where_it_says(uphill: float, ahead: float, left: float) -> None:
    row = {"ground": Ground("slope", grade=0.087, uphill=uphill)}
    model = model_of(**row)
    assert height(model, 1.0, 0.0) == pytest.approx(ahead, abs=1e-9)
    assert height(model, 0.0, 1.0) == pytest.approx(left, abs=1e-9)
    stage = Stage(condition(robots=2, **row), 2)
    told = stage.height(slice(None), np.tile([[1.0, 2.0]], (2, 1)))
    np.testing.assert_allclose(told, ahead + 2 * left, atol=1e-12)


def test_a_step_goes_up_once() -> None:
    model = model_of(ground=Ground("step", height=0.12, distance=1.0))
    assert height(model, 0.99, 0.0) == pytest.approx(0.0)
    assert height(model, 1.01, 0.5) == pytest.approx(0.12)
    assert height(model, 15.0, 0.0) == pytest.approx(0.12)


def test_rough_ground_is_rough_and_told_as_it_is() -> None:
    row = {"ground": Ground("rough", height=0.03)}
    model, stage = model_of(**row), Stage(condition(robots=1, **row), 1)
    places = [(0.33, -0.21), (1.27, 2.4), (-2.2, 0.7)]
    heights = [height(model, *place) for place in places]
    told = [float(stage.height(slice(None), np.array([place]))[0]) for place in places]
    np.testing.assert_allclose(heights, told, atol=2e-3)
    assert 0.0 <= min(heights) < max(heights) <= 0.03


def test_loads_weigh_what_they_weigh() -> None:
    plain = model_of()
    for load in (
        Load("torso", 5.0, (0.1, 0.1, 0.2), (-0.2, 0.0, 0.3)),
        Load("left_hand", 2.0, (0.1, 0.1, 0.1), cord=0.25),
    ):
        loaded = model_of(loads=(load,))
        assert loaded.body_mass.sum() - plain.body_mass.sum() == pytest.approx(load.mass)
        number = loaded.geom("load_0").id
        assert loaded.geom_contype[number] == loaded.geom_conaffinity[number] == 0
    assert loaded.nv == plain.nv + 3
