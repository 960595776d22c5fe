"""The world: determinism to the byte, what the camera sees, readings, outcome, divergence."""

from __future__ import annotations

from dataclasses import replace

import mujoco
import numpy as np
import pytest

from mvp_real.errors import MvpRealError
from mvp_real.robots.table import load_robot
from mvp_real.sim.fruit import FRUITS
from mvp_real.tasks.pick_fruit import EpisodeSetup, Placement, evaluation_setups, load_task, random_setup
from mvp_real.tasks.pick_fruit_world import PickFruitWorld


def run_a_little(world: PickFruitWorld, setup: EpisodeSetup) -> tuple[bytes, bytes, bytes]:
    world.reset(setup)
    first = world.wrist_image().tobytes()
    target = np.append(world.joint_reading().position[:7] + 0.05, 0.0)
    world.set_servo(target)
    world.advance(0.2)
    return first, world.data.qpos.tobytes(), world.wrist_image().tobytes()


@pytest.mark.render
@pytest.mark.parametrize("scene", ["plain", "varied"])
def test_equal_setups_give_equal_bytes_whatever_came_before(world: PickFruitWorld, scene: str) -> None:
    setup = random_setup(3, scene, "trial", start="random")
    expected = run_a_little(world, setup)
    run_a_little(world, random_setup(4, "varied", "trial"))
    assert run_a_little(world, setup) == expected
    other_world = PickFruitWorld(160, 120, scene_camera=False)
    assert run_a_little(other_world, setup) == expected
    other_world.close()


@pytest.mark.render
def test_varied_scenes_differ_and_evaluation_looks_are_not_training_looks(world: PickFruitWorld) -> None:
    place = load_task().evaluation[0]
    images = []
    for seed in range(3):
        for purpose in ("training", "evaluation"):
            world.reset(EpisodeSetup("varied", place, seed, "fixed", purpose))
            images.append(world.wrist_image().tobytes())
    assert len(set(images)) == len(images)


@pytest.mark.render
def test_plain_scenes_differ_only_by_the_fruit(world: PickFruitWorld) -> None:
    near, far = Placement("lime", 0.36, -0.09, 0.0), Placement("lime", 0.48, 0.09, 0.0)
    world.reset(EpisodeSetup("plain", near, 1))
    first = world.wrist_image().astype(int)
    world.reset(EpisodeSetup("plain", far, 2))
    second = world.wrist_image().astype(int)
    changed = np.abs(first - second).max(axis=2) > 8
    assert 0.002 < changed.mean() < 0.06


def test_time_and_readings(world: PickFruitWorld) -> None:
    world.reset(random_setup(0, "plain"))
    reading = world.joint_reading()
    assert world.time == 0.0
    assert reading.stamp == 0.0
    assert reading.names == load_robot("xarm7").joint_names
    assert reading.position.shape == (8,)
    assert reading.velocity is not None
    assert reading.velocity.shape == (8,)
    np.testing.assert_allclose(reading.position[:7], load_task().start_joints, atol=2e-3)
    assert reading.position[7] == pytest.approx(1.0, abs=0.01)
    world.advance(0.2)
    assert world.time == pytest.approx(0.2, abs=1e-9)
    with pytest.raises(MvpRealError, match="multiple"):
        world.advance(0.0005)


def test_start_pose_and_tool(world: PickFruitWorld) -> None:
    world.reset(random_setup(0, "plain"))
    pose = world.tcp_pose()
    np.testing.assert_allclose(pose[:3, 3], [0.41, 0.0, 0.18], atol=2e-3)
    np.testing.assert_allclose(pose[:3, 2], [0.0, 0.0, -1.0], atol=5e-3)
    mujoco.mj_kinematics(world.model, world.data)
    np.testing.assert_allclose(pose[:3, 3], world.data.site("gripper/tcp").xpos, atol=1e-5)


def test_random_starts_stay_near(world: PickFruitWorld) -> None:
    world.reset(random_setup(1, "plain", start="random"))
    offset = world.joint_reading().position[:7] - np.array(load_task().start_joints)
    assert 1e-3 < np.abs(offset).max() <= load_task().start_noise + 3e-3


def test_oracle(world: PickFruitWorld) -> None:
    setup = random_setup(2, "plain", fruit="lemon")
    world.reset(setup)
    oracle = world.oracle()
    assert oracle.shape == (8,)
    np.testing.assert_allclose(oracle[3:5], [setup.placement.x, setup.placement.y], atol=2e-3)
    np.testing.assert_allclose(oracle[:3], oracle[3:6] - world.tcp_pose()[:3, 3], atol=1e-12)
    assert oracle[6] == FRUITS["lemon"].width
    assert oracle[7] == pytest.approx(setup.placement.yaw, abs=0.02)  # the gripper starts at yaw 0
    assert world.fruit_yaw() == pytest.approx(setup.placement.yaw, abs=0.02)


@pytest.mark.parametrize("fruit", list(FRUITS))
def test_the_fruit_is_in_view_everywhere_from_the_start(world: PickFruitWorld, fruit: str) -> None:
    """Corners of the placement area: the whole fruit's circle of its width lies inside the lower-centre
    crop.
    """
    task = load_task()
    half_fov = np.tan(np.radians(world.model.camera("gripper/wrist").fovy[0]) / 2)
    for x in task.x_range:
        for y in task.y_range:
            world.reset(EpisodeSetup("plain", Placement(fruit, x, y, 0.0), 0))
            world.data.site("gripper/tcp")
            mujoco.mj_kinematics(world.model, world.data)
            mujoco.mj_camlight(world.model, world.data)
            camera = world.data.camera("gripper/wrist")
            right, up, back = camera.xmat.reshape(3, 3).T @ (world.fruit_position() - camera.xpos)
            column = 320 + 240 * right / (-back * half_fov)
            row = 240 - 240 * up / (-back * half_fov)
            radius = 240 * FRUITS[fruit].width / 2 / (-back * half_fov)
            assert 96 + radius < column < 544 - radius
            assert 32 + radius < row < 480 - radius


def test_parked_things_are_far_and_still(world: PickFruitWorld) -> None:
    world.reset(random_setup(0, "plain", fruit="kiwi"))
    before = world.data.joint("fruit/apple").qpos.copy()
    world.advance(1.0)
    np.testing.assert_allclose(world.data.joint("fruit/apple").qpos, before, atol=1e-9)
    assert before[0] < -5


def test_distractors_of_the_varied_scene(world: PickFruitWorld) -> None:
    counts = []
    for seed in range(8):
        setup = random_setup(seed, "varied")
        world.reset(setup)
        standing = [k for k in range(world.model.nmocap) if world.data.mocap_pos[k, 0] > 0]
        counts.append(len(standing))
        for k in standing:
            gap = np.hypot(*(world.data.mocap_pos[k, :2] - [setup.placement.x, setup.placement.y]))
            assert gap > 0.07
    assert max(counts) <= 3
    assert min(counts) >= 1


def test_divergence_is_detected_by_the_warning_counters(world: PickFruitWorld) -> None:
    world.reset(random_setup(0, "plain"))
    assert not world.diverged()
    world.data.qvel[9] = np.nan
    world.advance(0.2)
    # MuJoCo has reset the state by itself: every number is finite again, only the counter tells.
    assert np.isfinite(world.data.qpos).all()
    assert world.diverged()
    assert world.outcome().failure_category == "diverged"
    world.reset(random_setup(0, "plain"))
    assert not world.diverged()


def test_outcome_is_judged_at_control_steps(world: PickFruitWorld) -> None:
    world.reset(random_setup(0, "plain"))
    world.set_servo(np.append(world.joint_reading().position[:7], 1.0))
    for _ in range(50):
        world.advance(0.004)
    world.advance(0.4)
    outcome = world.outcome()
    assert outcome.steps == 3
    assert not outcome.success
    assert not outcome.done


def test_unknown_fruit_is_refused(world: PickFruitWorld) -> None:
    setup = replace(random_setup(0, "plain"), placement=Placement("mango", 0.4, 0.0, 0.0))
    with pytest.raises(MvpRealError, match="mango"):
        world.reset(setup)


def test_evaluation_setups_can_all_be_reset(world: PickFruitWorld) -> None:
    for setup in evaluation_setups("varied"):
        world.reset(setup)
        np.testing.assert_allclose(
            world.fruit_position()[:2], [setup.placement.x, setup.placement.y], atol=3e-3
        )
