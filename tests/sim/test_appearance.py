"""Looks are repeatable, do not leak into each other, and stay within their bounds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mvp_real.sim.appearance import _RESTORED, WRIST_CAMERA, Look, LookWriter, draw_look
from mvp_real.sim.distractor import DISTRACTORS
from mvp_real.sim.scene import tabletop_spec


def test_plain_restores_everything() -> None:
    model = tabletop_spec().compile()
    writer = LookWriter(model)
    writer.write(Look.plain())
    before = {name: getattr(model, name).copy() for name in _RESTORED}
    texture, ambient = model.tex_data.copy(), model.vis.headlight.ambient.copy()
    writer.write(draw_look(np.random.default_rng(0)))
    assert any(not np.array_equal(values, getattr(model, name)) for name, values in before.items())
    writer.write(Look.plain())
    for name, values in before.items():
        np.testing.assert_array_equal(values, getattr(model, name), err_msg=name)
    table = slice(
        model.tex_adr[model.texture("table").id], model.tex_adr[model.texture("table").id] + 512 * 512 * 3
    )
    np.testing.assert_array_equal(texture[table], model.tex_data[table])
    np.testing.assert_array_equal(ambient, model.vis.headlight.ambient)


def test_same_seed_same_look() -> None:
    first, second = (draw_look(np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first.textures["table"], second.textures["table"])
    np.testing.assert_array_equal(first.sun_direction, second.sun_direction)
    other = draw_look(np.random.default_rng(4))
    assert not np.array_equal(first.textures["table"], other.textures["table"])


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_camera_jitter_is_small_and_sizes_are_in_bounds(seed: int) -> None:
    look = draw_look(np.random.default_rng(seed))
    assert np.abs(look.camera_offset).max() <= 0.005
    assert np.degrees(np.linalg.norm(look.camera_rotation)) <= 2.6
    assert abs(look.camera_fovy) <= 1.0
    assert look.sun_direction is not None
    assert look.sun_direction[2] < -0.5
    for name, size in look.distractor_sizes.items():
        item = DISTRACTORS[name]
        assert item.low is not None
        assert item.high is not None
        assert np.all(size >= np.array(item.low))
        assert np.all(size <= np.array(item.high))


def test_camera_is_moved_and_stays_a_rotation() -> None:
    model = tabletop_spec().compile()
    camera = model.camera(WRIST_CAMERA).id
    position = model.cam_pos[camera].copy()
    look = draw_look(np.random.default_rng(1))
    LookWriter(model).write(look)
    np.testing.assert_allclose(model.cam_pos[camera] - position, look.camera_offset, atol=1e-12)
    assert np.linalg.norm(model.cam_quat[camera]) == pytest.approx(1.0)


def test_resized_distractors_collide_at_their_new_size() -> None:
    """MuJoCo's bounding volumes must follow, or a grown box lets a ball through its new top."""
    import mujoco

    from mvp_real.sim.distractor import resize

    model = tabletop_spec(fruits=["plum"], distractors=["carton"]).compile()
    data = mujoco.MjData(model)
    resize(model, DISTRACTORS["carton"], np.array([0.05, 0.04, 0.04]))
    data.mocap_pos[0] = (0.45, 0.0, 0.0)
    address = model.joint("fruit/plum").qposadr[0]
    data.qpos[address : address + 3] = (0.45, 0.0, 0.12)
    mujoco.mj_step(model, data, 400)
    assert data.qpos[address + 2] == pytest.approx(0.08 + 0.021, abs=0.003)
