"""The batched engine against a plain MuJoCo loop, per-simulation parameters, divergence."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from mvp_real.errors import MvpRealError
from mvp_real.sim.gripper import STROKE
from mvp_real.sim.mujoco_backend import MujocoBackend
from mvp_real.sim.scene import tabletop_spec
from mvp_real.tasks.pick_fruit import load_task

START = np.append(np.array(load_task().start_joints), [STROKE / 2, STROKE / 2])
TARGETS = np.append(START[:7], STROKE)


def backend(count: int, **options: int) -> MujocoBackend:
    return MujocoBackend(tabletop_spec(fruits=["plum"], distractors=[]), count, threads=1, **options)


def test_batch_equals_a_loop_over_single_simulations() -> None:
    batch = backend(3, decimation=50)
    heights = np.array([0.05, 0.10, 0.15])
    poses = np.array([[0.45, 0.05 * k, heights[k], 1.0, 0.0, 0.0, 0.0] for k in range(3)])
    batch.reset(joint_pos=np.tile(START, (3, 1)), body_pose={"fruit/plum": poses})
    targets = TARGETS + np.array([0.0, 0.05, -0.05])[:, None] * np.append(np.ones(7), 0.0)
    batch.set_joint_targets(targets)
    batch.step(2)
    for number in range(3):
        data = mujoco.MjData(batch.model)
        data.qpos[:9] = START
        address = batch.model.joint("fruit/plum").qposadr[0]
        data.qpos[address : address + 7] = poses[number]
        data.ctrl[:] = targets[number]
        mujoco.mj_step(batch.model, data, 100)
        mujoco.mj_kinematics(batch.model, data)
        np.testing.assert_allclose(batch.joint_pos[number], data.qpos[:9], atol=1e-9)
        np.testing.assert_allclose(batch.joint_vel[number], data.qvel[:9], atol=1e-8)
        np.testing.assert_allclose(
            batch.body_state("fruit/plum")[0][number], data.body("fruit/plum").xpos, atol=1e-8
        )
        np.testing.assert_allclose(
            batch.site_position("gripper/tcp")[number], data.site("gripper/tcp").xpos, atol=1e-8
        )
    np.testing.assert_allclose(batch.time, 0.2)


def test_reset_of_some_leaves_the_others() -> None:
    batch = backend(3, decimation=10)
    batch.reset(joint_pos=np.tile(START, (3, 1)))
    batch.step(3)
    batch.reset([1], joint_pos=START[None])
    np.testing.assert_allclose(batch.time, [0.06, 0.0, 0.06])
    np.testing.assert_allclose(batch.joint_pos[1], START)


def test_divergence_is_counted_and_cleared_by_reset() -> None:
    batch = backend(3)
    batch.reset(joint_pos=np.tile(START, (3, 1)))
    force = np.zeros((1, 3))
    force[0, 0] = 1e30  # blows the plum's acceleration up
    batch.apply_body_forces("fruit/plum", force, env_ids=[1])
    batch.step(5)
    np.testing.assert_array_equal(batch.diverged(), [False, True, False])
    batch.apply_body_forces("fruit/plum", 0 * force, env_ids=[1])
    batch.reset([1], joint_pos=START[None])
    batch.step(5)
    assert not batch.diverged().any()


def test_forces_and_masses_per_simulation() -> None:
    batch = backend(2)
    body = batch.model.body("fruit/plum").id
    masses = np.tile(batch.model.body_mass, (2, 1))
    inertias = np.tile(batch.model.body_inertia, (2, 1, 1))
    masses[1, body] *= 4
    inertias[1, body] *= 4
    batch.randomize("body_mass", masses)
    batch.randomize("body_inertia", inertias)
    batch.reset(joint_pos=np.tile(START, (2, 1)))
    force = np.tile([[1.0, 0.0, 0.0]], (2, 1))
    batch.apply_body_forces("fruit/plum", force)
    before = batch.body_state("fruit/plum")[0].copy()
    batch.step(50)
    moved = batch.body_state("fruit/plum")[0][:, 0] - before[:, 0]
    assert moved[0] == pytest.approx(4 * moved[1], rel=0.02)


@pytest.mark.render
def test_render_sees_each_simulation() -> None:
    batch = backend(2)
    poses = np.array([[0.41, y, 0.021, 1.0, 0.0, 0.0, 0.0] for y in (-0.08, 0.08)])
    batch.reset(joint_pos=np.tile(START, (2, 1)), body_pose={"fruit/plum": poses})
    images = batch.render("gripper/wrist", 160, 120)
    assert images.shape == (2, 120, 160, 3)
    # Dark and purple: right of the middle for y < 0, left of it for y > 0.
    dark = images[:, 30:80].astype(int).sum(axis=3) < 250
    columns = [np.argwhere(picture)[:, 1].mean() for picture in dark]
    assert columns[0] > 80 > columns[1]
    batch.close()


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda b: b.body_state("fruit/plam"), "fruit/plum"),
        (lambda b: b.site_position("gripper/tpc"), "gripper/tcp"),
        (lambda b: b.reset(body_pose={"link1": np.zeros((1, 7))}), "does not float"),
        (lambda b: b.randomize("body_mas", np.zeros(1)), "body_mass"),
    ],
)
def test_errors_name_the_remedy(act: object, message: str) -> None:
    with pytest.raises(MvpRealError, match=message):
        act(backend(1))  # type: ignore[operator]


def test_needs_at_least_one_simulation() -> None:
    with pytest.raises(MvpRealError, match="at least one simulation"):
        backend(0)


def test_pieces_of_a_step_make_the_step_and_spare_the_others() -> None:
    batch = backend(2, decimation=10, persistent=True)
    whole = backend(2, decimation=10, persistent=True)
    for one in (batch, whole):
        one.reset(joint_pos=np.tile(START, (2, 1)))
        one.set_joint_targets(TARGETS + 0.1)
    whole.step()
    before = batch.joint_pos[1].copy()
    batch.advance(5, [0])
    batch.advance(5, [0])
    np.testing.assert_allclose(batch.joint_pos[0], whole.joint_pos[0], atol=1e-9)
    np.testing.assert_array_equal(batch.joint_pos[1], before)
