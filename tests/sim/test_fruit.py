"""The fruits differ from each other and are what their records say."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from mvp_real.sim.fruit import FRUITS, add_fruit
from mvp_real.sim.gripper import STROKE
from mvp_real.tasks.pick_fruit import load_task


@pytest.fixture(scope="module")
def resting() -> tuple[mujoco.MjModel, mujoco.MjData]:
    """All eight on a plane, dropped from 1 mm, after two seconds."""
    spec = mujoco.MjSpec()
    spec.option.timestep = 0.002
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.worldbody.add_geom(
        type=mujoco.mjtGeom.mjGEOM_PLANE, size=(2, 2, 0.1), conaffinity=3, friction=(0.9, 0.01, 0.0015)
    )
    for slot, fruit in enumerate(FRUITS.values()):
        add_fruit(spec, fruit, (0.3 * slot, 0.0, fruit.rest_height + 0.001))
    model = spec.compile()
    data = mujoco.MjData(model)
    mujoco.mj_step(model, data, 1000)
    return model, data


def test_the_task_uses_all_eight() -> None:
    assert set(load_task().fruits) == set(FRUITS)
    assert len(FRUITS) == 8


def test_no_two_are_alike() -> None:
    fruits = list(FRUITS.values())
    assert len({fruit.mass for fruit in fruits}) == 8
    assert len({(fruit.width, fruit.length, fruit.rest_height) for fruit in fruits}) == 8
    colours = np.array([next(s.colour for s in fruit.shapes if s.solid) for fruit in fruits])
    for first in range(8):
        for second in range(first):
            alike = np.linalg.norm(colours[first] - colours[second]) < 0.2
            ratio = fruits[first].length / fruits[second].length
            # Apple and strawberry are both red, lemon and banana both yellow: then the size tells.
            assert not alike or max(ratio, 1 / ratio) > 1.25, (fruits[first].name, fruits[second].name)


@pytest.mark.parametrize("name", list(FRUITS))
def test_fits_the_gripper(name: str) -> None:
    assert 0.03 <= FRUITS[name].width <= STROKE - 0.02


@pytest.mark.parametrize("name", list(FRUITS))
def test_rests_where_its_record_says(name: str, resting: tuple[mujoco.MjModel, mujoco.MjData]) -> None:
    _, data = resting
    slot = list(FRUITS).index(name)
    position = data.body(f"fruit/{name}").xpos
    assert position[2] == pytest.approx(FRUITS[name].rest_height, abs=1.5e-3)
    assert np.hypot(position[0] - 0.3 * slot, position[1]) < 5e-3
    assert np.abs(data.joint(f"fruit/{name}").qvel).max() < 0.02


@pytest.mark.parametrize("name", list(FRUITS))
def test_mass_and_width_are_those_of_the_model(
    name: str, resting: tuple[mujoco.MjModel, mujoco.MjData]
) -> None:
    model, _ = resting
    body = model.body(f"fruit/{name}")
    assert body.mass[0] == pytest.approx(FRUITS[name].mass, rel=1e-6)
    spec = mujoco.MjSpec()
    add_fruit(spec, FRUITS[name], (0.0, 0.0, 0.0))
    alone = spec.compile()
    data = mujoco.MjData(alone)
    # Rays from both sides find the surface that the fingers will find.
    mujoco.mj_forward(alone, data)
    hit = np.zeros(1, np.int32)
    side = np.array([0.0, 1.0, 0.0])
    reach = [
        max(
            0.5 - mujoco.mj_ray(alone, data, np.array([x, -0.5 * sign, 0.0]), sign * side, None, 1, -1, hit)
            for x in np.linspace(-0.02, 0.02, 9)
        )
        for sign in (1.0, -1.0)
    ]
    assert sum(reach) == pytest.approx(FRUITS[name].width, abs=0.009)
