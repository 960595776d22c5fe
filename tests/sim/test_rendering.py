"""Off-screen rendering: sizes, determinism, textures changed in place."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from mvp_real.sim.rendering import OffscreenRenderer, set_texture
from mvp_real.sim.scene import TABLE_TEXTURE_SIDE, tabletop_spec

pytestmark = pytest.mark.render


@pytest.fixture(scope="module")
def stage() -> tuple[mujoco.MjModel, mujoco.MjData, OffscreenRenderer]:
    model = tabletop_spec(fruits=["apple"], distractors=[]).compile()
    data = mujoco.MjData(model)
    data.qpos[:7] = [0.0, -0.1691, 0.0, 0.8435, 0.0, 1.0126, 0.0]
    data.qpos[7:9] = 0.0425
    mujoco.mj_forward(model, data)
    return model, data, OffscreenRenderer(model)


def test_shape_type_and_determinism(stage: tuple[mujoco.MjModel, mujoco.MjData, OffscreenRenderer]) -> None:
    _, data, renderer = stage
    first = renderer.render(data, "gripper/wrist", 160, 120)
    assert first.shape == (120, 160, 3)
    assert first.dtype == np.uint8
    assert first.flags.c_contiguous
    np.testing.assert_array_equal(first, renderer.render(data, "gripper/wrist", 160, 120))


def test_texture_changes_after_upload(stage: tuple[mujoco.MjModel, mujoco.MjData, OffscreenRenderer]) -> None:
    model, data, renderer = stage
    red = np.zeros((TABLE_TEXTURE_SIDE, TABLE_TEXTURE_SIDE, 3), np.uint8)
    red[..., 0] = 220
    set_texture(model, "table", red)
    renderer.upload_texture("table")
    colour = renderer.render(data, "gripper/wrist", 160, 120)[10:60, 40:120].reshape(-1, 3).mean(axis=0)
    assert colour[0] > 100
    # Channels stay in RGB order: red is red, not blue.
    assert colour[0] > 3 * colour[2]


def test_image_is_upright(stage: tuple[mujoco.MjModel, mujoco.MjData, OffscreenRenderer]) -> None:
    """The finger tips are dark and at the lower edge."""
    _, data, renderer = stage
    image = renderer.render(data, "gripper/wrist", 160, 120).astype(float).mean(axis=2)
    assert image[110:, 20:50].min() < 60
    assert image[:30].min() > image[110:, 20:50].min()


def test_groups_hide_geoms(stage: tuple[mujoco.MjModel, mujoco.MjData, OffscreenRenderer]) -> None:
    _, data, renderer = stage
    everything = renderer.render(data, "scene", 160, 120)
    without_arm = renderer.render(data, "scene", 160, 120, groups=(0,))
    assert np.abs(everything.astype(int) - without_arm).max() > 50


def test_wrong_texture_size_is_refused(
    stage: tuple[mujoco.MjModel, mujoco.MjData, OffscreenRenderer],
) -> None:
    with pytest.raises(ValueError, match=r"texture 'table' is \(512, 512, 3\)"):
        set_texture(stage[0], "table", np.zeros((8, 8, 3), np.uint8))


def test_close_twice() -> None:
    model = mujoco.MjModel.from_xml_string("<mujoco><worldbody><camera name='c'/></worldbody></mujoco>")
    renderer = OffscreenRenderer(model)
    renderer.close()
    renderer.close()
