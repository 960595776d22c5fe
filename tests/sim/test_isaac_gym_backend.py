"""The Isaac Gym engine against a recording stand-in whose physics is MuJoCo's: what is called when, and that states,
forces, gains and cameras arrive as they were meant.
"""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from mvp_real.errors import MvpRealError
from mvp_real.sim.isaac_gym.conventions import rotate
from mvp_real.sim.isaac_gym_backend import IsaacGymBackend
from mvp_real.sim.mujoco_backend import MujocoBackend
from tests.sim.recording_isaac_gym import LocalIsaacGym, RecordingGym, install
from tests.sim.small_scene import small_scene

STEP = 0.001  # s; explicit torques and implicit ones agree at small steps


@pytest.fixture
def gym(monkeypatch: pytest.MonkeyPatch) -> RecordingGym:
    return install(monkeypatch)


def isaac(
    count: int, spec: mujoco.MjSpec | None = None, decimation: int = 10, **options: object
) -> IsaacGymBackend:
    spec = spec or small_scene(STEP)
    return IsaacGymBackend(spec, count, decimation, device="cpu", connection=LocalIsaacGym(), **options)  # type: ignore[arg-type]


def mujoco_batch(count: int, spec: mujoco.MjSpec | None = None, decimation: int = 10) -> MujocoBackend:
    return MujocoBackend(spec or small_scene(STEP), count, decimation, persistent=True)


def assert_same_motion(ours: IsaacGymBackend, theirs: MujocoBackend, tolerance: float = 2e-3) -> None:
    np.testing.assert_allclose(ours.joint_pos, theirs.joint_pos, atol=tolerance)
    np.testing.assert_allclose(ours.data_field("qpos"), theirs.data_field("qpos"), atol=tolerance)
    np.testing.assert_allclose(ours.data_field("qvel"), theirs.data_field("qvel"), atol=20 * tolerance)


@pytest.mark.parametrize("drive", ["effort", "position"])
def test_the_same_motion_as_mujoco(gym: RecordingGym, drive: str) -> None:
    """A turning free fall with the arm driven, the flap on its spring and forces on the box, then on the ground."""
    ours, theirs = isaac(3, drive=drive), mujoco_batch(3)
    pose = np.array([[0.1, 0.2, 0.6, 0.9, 0.1, -0.2, 0.3]]) * np.ones((3, 1))
    pose[:, 3:] /= np.linalg.norm(pose[:, 3:], axis=1, keepdims=True)
    for engine in (ours, theirs):
        engine.sensor("weight")
        engine.reset(body_pose={"box": pose})
        engine.data_field("qvel")[:, :6] = [0.3, -0.2, 0.5, 1.0, -2.0, 1.5]
        engine.set_joint_targets(np.array([[0.4], [0.0], [-0.4]]))
        engine.apply_body_forces(
            "box", np.array([[0, 0, 0], [3.0, 0, 1.0], [0, -2.0, 0]]), np.full((3, 3), 0.05)
        )
    for _ in range(15):
        ours.step()
        theirs.step()
        assert_same_motion(ours, theirs, 5e-3)
    np.testing.assert_allclose(ours.time, 0.15, atol=1e-9)
    np.testing.assert_allclose(ours.site_position("tip"), theirs.site_position("tip"), atol=2e-3)
    np.testing.assert_allclose(
        ours.data_field("actuator_force"), theirs.data_field("actuator_force"), atol=0.1
    )
    for engine in (ours, theirs):
        engine.apply_body_forces("box", np.zeros((3, 3)))
        engine.reset()
        engine.step(40)
    weight = 3.0 * 9.81
    assert ours.sensor("weight")[:, 0] == pytest.approx(weight, rel=0.1)
    assert theirs.sensor("weight")[:, 0] == pytest.approx(weight, rel=0.1)
    assert not ours.diverged().any()


def test_nothing_is_made_after_prepare_and_nothing_read_before(gym: RecordingGym) -> None:
    isaac(2).step()
    names = gym.names()
    prepared = names.index("prepare_sim")
    making = [
        k
        for k, name in enumerate(names)
        if name.startswith(("create_", "load_", "add_", "set_asset", "begin_"))
    ]
    tensors = [k for k, name in enumerate(names) if name.startswith(("acquire_", "refresh_", "simulate"))]
    assert max(making) < prepared < min(tensors)
    assert names.count("prepare_sim") == names.count("acquire_dof_state_tensor") == 1


def test_a_step_hands_over_simulates_fetches_and_refreshes(gym: RecordingGym) -> None:
    engine = isaac(2, decimation=1)
    engine.step()
    start = len(gym.calls)
    engine.apply_body_forces("box", np.ones((2, 3)))
    engine.step()
    assert gym.names()[start:] == [
        "set_dof_actuation_force_tensor",
        "set_dof_position_target_tensor",  # the flap's spring is a drive of Isaac Gym
        "apply_rigid_body_force_tensors",
        "simulate",
        "fetch_results",
        "refresh_dof_state_tensor",
        "refresh_actor_root_state_tensor",
        "refresh_rigid_body_state_tensor",
        "refresh_net_contact_force_tensor",
        "refresh_dof_state_tensor",
    ]


def test_forces_are_handed_over_at_every_physics_step(gym: RecordingGym) -> None:
    engine = isaac(1, decimation=7)
    engine.apply_body_forces("box", np.ones((1, 3)))
    engine.step()
    assert gym.names().count("apply_rigid_body_force_tensors") == gym.names().count("simulate") == 7


def test_only_written_states_are_set_and_all_at_once(gym: RecordingGym) -> None:
    engine = isaac(4)
    engine.step()
    start = len(gym.calls)
    engine.step()
    assert not [name for name in gym.names()[start:] if "state_tensor_indexed" in name]
    engine.reset([1])
    engine.data_field("qvel")[3, 0] += 0.5  # a push
    start = len(gym.calls)
    engine.step()
    setters = [(name, arguments) for name, arguments in gym.calls[start:] if "state_tensor_indexed" in name]
    assert [name for name, _ in setters] == [
        "set_actor_root_state_tensor_indexed",
        "set_dof_state_tensor_indexed",
    ]
    for _, arguments in setters:
        np.testing.assert_array_equal(arguments[2].values(np.int32), [1, 3])
        assert arguments[3] == 2


def test_reset_and_push_of_some_leave_the_others(gym: RecordingGym) -> None:
    ours, theirs = isaac(3), mujoco_batch(3)
    for engine in (ours, theirs):
        engine.step(3)
        engine.reset([1], joint_pos=np.array([[0.2, 0.1]]))
        engine.data_field("qvel")[2, :3] += [0.5, 0.1, 0.0]
        engine.step(3)
    assert_same_motion(ours, theirs)
    np.testing.assert_allclose(ours.time, [0.06, 0.03, 0.06], atol=1e-9)


def test_pieces_of_a_step_spare_the_others(gym: RecordingGym) -> None:
    ours, theirs = isaac(2), mujoco_batch(2)
    for engine in (ours, theirs):
        engine.step()
        engine.advance(5, [0])
        engine.advance(5, [0])
        engine.step()
    assert_same_motion(ours, theirs)
    np.testing.assert_allclose(ours.time, [0.03, 0.02], atol=1e-9)


def test_gains_damping_limits_and_gravity_of_each_simulation(gym: RecordingGym) -> None:
    ours, theirs = isaac(3), mujoco_batch(3)
    for engine in (ours, theirs):
        engine.reset(body_pose={"box": np.array([[0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0]] * 3)})
        engine.set_joint_targets(np.full((3, 1), 0.1))
        engine.model_field("actuator_gainprm")[1, 0, 0] = 20.0
        engine.model_field("actuator_biasprm")[1, 0, 1:3] = -20.0, -1.0
        engine.model_field("actuator_forcerange")[2, 0] = -0.5, 0.5
        engine.model_field("dof_damping")[2, 6] = 0.6
        engine.model_field("opt.gravity")[1] = [1.0, 0.5, -2.0]
        engine.step(15)
    assert_same_motion(ours, theirs)
    assert np.ptp(ours.joint_pos[:, 0]) > 0.01


def test_masses_and_armature_of_each_simulation(gym: RecordingGym) -> None:
    ours, theirs = isaac(2), mujoco_batch(2)
    for engine in (ours, theirs):
        factor = np.array([1.0, 2.5])
        engine.model_field("body_mass")[:] = engine.model.body_mass * factor[:, None]
        engine.randomize("body_inertia", engine.model.body_inertia * factor[:, None, None])
        engine.model_field("dof_armature")[1, 6] = 0.05
        engine.update_constants()
        engine.reset(body_pose={"box": np.array([[0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0]] * 2)})
        engine.set_joint_targets(np.full((2, 1), 0.5))
        engine.apply_body_forces("box", np.tile([8.0, 0.0, 0.0], (2, 1)))
        engine.step(15)
    assert_same_motion(ours, theirs)
    assert gym.names().count("set_actor_rigid_body_properties") == 1  # only of the second simulation
    ours.model_field("body_inertia")[0] *= 2.0
    with pytest.raises(MvpRealError, match="by one factor"):
        ours.step()


def test_friction_and_restitution_reach_the_shapes(gym: RecordingGym) -> None:
    engine = isaac(2)
    box = engine.model.geom("box").id
    engine.model_field("geom_friction")[1, box, 0] = 0.3
    engine.model_field("geom_solref")[1, box] = -2500.0, -40.0  # damping ratio 0.4
    engine.step()
    setters = [arguments for name, arguments in gym.calls if name == "set_actor_rigid_shape_properties"]
    assert all(env.number == 1 for env, _, _ in setters)
    assert min(shape.friction for _, _, shapes in setters for shape in shapes) == pytest.approx(0.3)
    restitution = max(shape.restitution for _, _, shapes in setters for shape in shapes)
    assert restitution == pytest.approx(np.exp(-np.pi * 0.4 / np.sqrt(1 - 0.4**2)), rel=1e-5)


def test_position_drives_refuse_other_gains(gym: RecordingGym) -> None:
    engine = isaac(1, drive="position")
    engine.model_field("actuator_gainprm")[:, 0, 0] = 12.0
    with pytest.raises(MvpRealError, match="use drive 'effort'"):
        engine.step()


def test_a_state_that_is_no_number_is_seen_until_the_reset(gym: RecordingGym) -> None:
    engine = isaac(2)
    engine.step()
    refresh = gym.physics.refresh
    gym.physics.refresh = lambda name: (refresh(name), gym.physics.tensors["joints"][0].fill(np.nan))
    engine.step()
    np.testing.assert_array_equal(engine.diverged(), [True, False])
    assert np.isfinite(engine.data_field("qpos")).all()
    gym.physics.refresh = refresh
    engine.reset([0])
    engine.step()
    assert not engine.diverged().any()


def test_a_snapshot_goes_on(gym: RecordingGym) -> None:
    engine = isaac(2)
    engine.model_field("actuator_gainprm")[1, 0, 0] = 20.0
    engine.set_joint_targets(np.array([[0.3], [-0.3]]))
    engine.step(2)
    kept = engine.snapshot()
    engine.step(3)
    expected = engine.data_field("qpos").copy()
    engine.reset()
    engine.restore(kept)
    engine.step(3)
    np.testing.assert_allclose(engine.data_field("qpos"), expected, atol=1e-5)


def test_cameras_are_placed_and_read(gym: RecordingGym) -> None:
    engine = isaac(3, cameras={"eye": (32, 24), "view": (16, 16)})
    engine.step()
    pictures = engine.render("eye", 32, 24, [2, 0])
    assert pictures.shape == (2, 24, 32, 3)
    np.testing.assert_array_equal(pictures[:, 0, 0], [[30, 0, 0], [10, 0, 0]])
    # Simulations stand apart so that cameras do not see the others, and still count from their own origins.
    assert np.ptp([env.origin for env in gym.envs], axis=0).max() >= 8.0
    place = engine.body_state("box")[0]
    np.testing.assert_allclose(place, np.tile(place[:1], (3, 1)), atol=1e-5)
    eye, view = gym.envs[1].cameras
    assert eye.horizontal_fov == pytest.approx(np.degrees(2 * np.arctan(np.tan(np.radians(30)) * 32 / 24)))
    body, transform, mode = eye.place
    assert gym.find_actor_rigid_body_handle(gym.envs[1], 0, "box") == body
    assert mode == "FOLLOW_TRANSFORM"
    assert view.place[0] is None
    model = engine.model
    for camera, (_, transform, _) in ((eye, eye.place), (view, view.place)):
        name = "eye" if camera is eye else "view"
        turn = model.cam_quat[model.camera(name).id]
        quaternion = transform.r.array()[[3, 0, 1, 2]]
        # Isaac Gym's camera looks along +x with z up, MuJoCo's along -z with y up.
        np.testing.assert_allclose(rotate(quaternion, np.eye(3)[0]), rotate(turn, -np.eye(3)[2]), atol=1e-6)
        np.testing.assert_allclose(rotate(quaternion, np.eye(3)[2]), rotate(turn, np.eye(3)[1]), atol=1e-6)
    with pytest.raises(MvpRealError, match="eye 32x24"):
        engine.render("eye", 64, 48)


def test_close_frees_once(gym: RecordingGym) -> None:
    engine = isaac(1)
    engine.close()
    engine.close()
    assert gym.destroyed


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: isaac(1, drive="torque"), "effort"),
        (lambda: isaac(1, cameras={"eyes": (8, 8)}), "eye"),
        (lambda: isaac(1).model_field("geom_quat"), "opt.gravity"),
        (lambda: isaac(1).model_field("body_mas"), "body_mass"),
        (lambda: isaac(1).body_state("bocks"), "box"),
        (lambda: isaac(1).sensor("wait"), "weight"),
        (lambda: isaac(0), "at least one simulation"),
    ],
)
def test_errors_name_the_remedy(gym: RecordingGym, act: object, message: str) -> None:
    with pytest.raises(MvpRealError, match=message):
        act()  # type: ignore[operator]
