"""MuJoCo Warp on the CPU against `MujocoBackend`: the same motion, resets, per-simulation fields, pictures.

Needs the extra `warp`. The first run compiles Warp's kernels, which takes a minute or two; later ones read its cache.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from mvp_real.errors import MvpRealError
from mvp_real.sim.mujoco_backend import MujocoBackend
from tests.sim.small_scene import small_scene

pytest.importorskip("mujoco_warp", reason="MuJoCo Warp is not installed: pip install 'mvp_real[warp]'")
from mvp_real.sim.warp_backend import WarpBackend

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shared() -> Iterator[WarpBackend]:
    """One backend for the module, since compiling its kernels takes long; every test resets it."""
    backend = WarpBackend(small_scene(), 3, decimation=4)
    yield backend
    backend.close()


@pytest.fixture
def warp(shared: WarpBackend) -> WarpBackend:
    shared.apply_body_forces("box", np.zeros((3, 3)))
    shared.reset()
    return shared


def test_the_same_motion_as_mujoco(warp: WarpBackend) -> None:
    batch = MujocoBackend(small_scene(), 3, decimation=4, persistent=True)
    targets = np.array([[0.0], [0.4], [-0.4]])
    push = np.array([[0.0, 0.0, 0.0], [3.0, 0.0, 0.0], [0.0, 2.0, 1.0]])
    for engine in (warp, batch):
        engine.sensor("weight")
        engine.data_field("actuator_force")
        engine.set_joint_targets(targets)
        engine.apply_body_forces("box", push)
    for _ in range(25):
        warp.step()
        batch.step()
        np.testing.assert_allclose(warp.joint_pos, batch.joint_pos, atol=1e-4)
        np.testing.assert_allclose(warp.joint_vel, batch.joint_vel, atol=2e-3)
        for ours, theirs in zip(warp.body_state("box"), batch.body_state("box"), strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-4)
        np.testing.assert_allclose(warp.site_position("tip"), batch.site_position("tip"), atol=1e-4)
    np.testing.assert_allclose(warp.time, 0.5, atol=1e-5)
    np.testing.assert_allclose(warp.sensor("weight"), batch.sensor("weight"), atol=0.05)
    np.testing.assert_allclose(
        warp.data_field("actuator_force"), batch.data_field("actuator_force"), atol=1e-3
    )
    assert np.ptp(warp.joint_pos) > 0.5  # they do move, and differently


def test_reset_of_some_leaves_the_others(warp: WarpBackend) -> None:
    warp.step(5)
    moved = warp.body_state("box")[0].copy()
    pose = np.array([[0.5, 0.0, 0.3, 1.0, 0.0, 0.0, 0.0]])
    warp.reset([1], joint_pos=np.array([[0.2, 0.0]]), body_pose={"box": pose})
    np.testing.assert_allclose(warp.time, [0.1, 0.0, 0.1], atol=1e-6)
    np.testing.assert_allclose(warp.body_state("box")[0][1], pose[0, :3], atol=1e-6)
    np.testing.assert_array_equal(warp.body_state("box")[0][[0, 2]], moved[[0, 2]])
    np.testing.assert_allclose(warp.data_field("ctrl")[1], 0.2)


def test_pieces_of_a_step_make_the_step_and_spare_the_others(warp: WarpBackend) -> None:
    warp.step()
    whole = warp.body_state("box")[0].copy()
    warp.reset()
    before = warp.body_state("box")[0][1].copy()
    for _ in range(2):
        warp.advance(2, [0, 2])
    np.testing.assert_allclose(warp.body_state("box")[0][[0, 2]], whole[[0, 2]], atol=1e-7)
    np.testing.assert_array_equal(warp.body_state("box")[0][1], before)
    np.testing.assert_allclose(warp.time, [0.02, 0.0, 0.02], atol=1e-6)


def test_a_bad_state_is_seen_until_the_reset(warp: WarpBackend) -> None:
    warp.data_field("qvel")[1] = 1e30
    warp.step()
    np.testing.assert_array_equal(warp.diverged(), [False, True, False])
    warp.reset([1])
    assert not warp.diverged().any()


def test_a_snapshot_goes_on_exactly(warp: WarpBackend) -> None:
    warp.set_joint_targets(np.array([[0.3], [0.0], [-0.3]]))
    warp.step(3)
    kept = warp.snapshot()
    warp.step(3)
    expected = warp.data_field("qpos").copy()
    warp.reset()
    warp.restore(kept)
    warp.step(3)
    np.testing.assert_array_equal(warp.data_field("qpos"), expected)
    with pytest.raises(MvpRealError, match="number of robots"):
        warp.restore({"qpos": np.zeros((2, 9))})


def test_masses_gains_and_gravity_per_simulation() -> None:
    """Three worlds: as it is; four times the mass under the same force; no gravity and twice the gain."""
    warp, batch = WarpBackend(small_scene(), 3, decimation=4), MujocoBackend(small_scene(), 3, decimation=4)
    for engine in (warp, batch):
        model = engine.model
        factor = np.array([1.0, 4.0, 1.0])
        engine.randomize("body_mass", model.body_mass * factor[:, None])
        engine.randomize("body_inertia", model.body_inertia * factor[:, None, None])
        engine.model_field("opt.gravity")[2] = 0.0
        engine.model_field("actuator_gainprm")[2, :, 0] *= 2.0
        engine.model_field("actuator_biasprm")[2, :, 1] *= 2.0
        engine.reset()
        engine.set_joint_targets(np.full((3, 1), 0.3))
        engine.apply_body_forces("box", np.tile([[8.0, 0.0, 0.0]], (3, 1)))
        engine.step(10)
    np.testing.assert_allclose(warp.joint_pos, batch.joint_pos, atol=1e-4)
    np.testing.assert_allclose(warp.body_state("box")[0], batch.body_state("box")[0], atol=1e-4)
    with pytest.raises(MvpRealError, match="shares the field 'geom_contype'"):
        warp.model_field("geom_contype")


def test_the_ground_of_each_simulation() -> None:
    """A level floor, a slope, and a floor half a metre lower: the box slides, falls and lies as in MuJoCo."""
    warp, batch = WarpBackend(small_scene(), 3, decimation=4), MujocoBackend(small_scene(), 3, decimation=4)
    for engine in (warp, batch):
        floor = engine.model.geom("floor").id
        engine.model_field("geom_quat")[1, floor] = [np.cos(0.15), 0.0, np.sin(0.15), 0.0]
        engine.model_field("geom_pos")[2, floor, 2] = -0.5
        engine.model_field("geom_friction")[1, :, 0] = 0.1
        engine.update_constants()
        engine.reset()
        engine.step(20)
    np.testing.assert_allclose(warp.body_state("box")[0], batch.body_state("box")[0], atol=1e-3)
    assert warp.body_state("box")[0][1, 0] > 0.1
    assert warp.body_state("box")[0][2, 2] < -0.3


def test_pictures_show_each_simulation(warp: WarpBackend) -> None:
    poses = np.array([[x, 0.0, 0.1, 1.0, 0.0, 0.0, 0.0] for x in (-0.4, 0.0, 0.4)])
    warp.reset(body_pose={"box": poses})
    pictures = warp.render("view", 64, 48)
    assert pictures.shape == (3, 48, 64, 3)
    red = pictures[..., 0].astype(int) - pictures[..., 1] > 30
    columns = [np.argwhere(picture)[:, 1].mean() for picture in red]
    assert columns[0] < columns[1] < columns[2]


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda warp: warp.body_state("bocks"), "box"),
        (lambda warp: warp.sensor("wait"), "weight"),
        (lambda warp: warp.data_field("qposs"), "qpos"),
        (lambda warp: warp.model_field("body_mas"), "body_mass"),
        (lambda warp: warp.reset(body_pose={"arm": np.zeros((3, 7))}), "does not float"),
        (lambda warp: WarpBackend(small_scene(), 1, device="cuda:77"), "no device 'cuda:77'"),
        (lambda warp: WarpBackend(small_scene(), 0), "at least one simulation"),
    ],
)
def test_errors_name_the_remedy(warp: WarpBackend, act: object, message: str) -> None:
    with pytest.raises(MvpRealError, match=message):
        act(warp)  # type: ignore[operator]
