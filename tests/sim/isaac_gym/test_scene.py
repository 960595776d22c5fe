"""What is exported for Isaac Gym: the same mechanism, the same pairs that collide; what is refused names its cause."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import mujoco
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mvp_real.errors import MvpRealError
from mvp_real.sim.digit import full_model, reduced_model
from mvp_real.sim.digit.reduced import LEAF_DAMPING, LEAF_STIFFNESS
from mvp_real.sim.isaac_gym.collision_filter import filters_of
from mvp_real.sim.isaac_gym.scene import export_scene, restitution_of
from mvp_real.sim.isaac_gym.urdf import roll_pitch_yaw
from mvp_real.sim.scene import xarm7_spec


def reduced_digit() -> mujoco.MjModel:
    return reduced_model(appearance=False, joint_friction=False).compile()


def imported(folder: Path, file: str, root: str, fixed: bool) -> mujoco.MjModel:
    """The URDF as another reader than ours sees it."""
    spec = mujoco.MjSpec.from_file(str(folder / file))
    spec.compiler.fusestatic = False
    spec.compiler.discardvisual = False
    if not fixed:
        spec.body(root).add_freejoint()
    return spec.compile()


@pytest.mark.parametrize("build", [reduced_digit, lambda: xarm7_spec().compile()], ids=["digit", "xarm7"])
def test_the_file_is_the_same_mechanism(tmp_path: Path, build: Callable[[], mujoco.MjModel]) -> None:
    """Masses, places of all bodies and the inertia of every motion, in random poses."""
    ours = build()
    scene = export_scene(ours, tmp_path)
    actor = scene.content["actors"][0]
    theirs = imported(tmp_path, actor["file"], actor["name"], actor["fixed"])
    assert theirs.body_mass.sum() == pytest.approx(ours.body_mass.sum())
    assert scene.content["joints"] == [ours.joint(int(joint)).name for joint in scene.joints]
    random = np.random.default_rng(0)
    for _ in range(3):
        poses = [mujoco.MjData(model) for model in (ours, theirs)]
        angles = random.uniform(-0.4, 0.4, len(scene.joints))
        for model, data in zip((ours, theirs), poses, strict=True):
            for name, angle in zip(scene.content["joints"], angles, strict=True):
                data.joint(name).qpos = angle
            if not actor["fixed"]:
                data.qpos[:7] = [0.1, 0.2, 1.0, 1.0, 0.0, 0.0, 0.0]
            mujoco.mj_forward(model, data)
        for name in actor["bodies"]:
            np.testing.assert_allclose(poses[1].body(name).xpos, poses[0].body(name).xpos, atol=1e-9)
            np.testing.assert_allclose(poses[1].body(name).xmat, poses[0].body(name).xmat, atol=1e-9)
        assert kinetic_energy(theirs, poses[1], scene.content["joints"]) == pytest.approx(
            kinetic_energy(ours, poses[0], scene.content["joints"]), rel=1e-9
        )


def kinetic_energy(model: mujoco.MjModel, data: mujoco.MjData, joints: list[str]) -> float:
    """Of a motion of all joints at once, without armature, which URDF does not know."""
    matrix = np.zeros((model.nv, model.nv))
    mujoco.mj_fullM(model, data, matrix)
    speed = np.zeros(model.nv)
    if model.nv > len(joints):
        speed[:6] = [0.3, -0.2, 0.1, 0.5, 0.4, -0.3]
    for k, name in enumerate(joints):
        speed[model.joint(name).dofadr[0]] = np.sin(k + 1.0)
    return float(speed @ (matrix - np.diag(model.dof_armature)) @ speed)


def test_rods_of_digit_become_springs(tmp_path: Path) -> None:
    model = full_model(appearance=False).compile()
    scene = export_scene(model, tmp_path)
    names = [model.body(rod.body).name for rod in scene.rods]
    assert sorted(names) == sorted(f"{side}_{rod}" for side in ("left", "right")
                                   for rod in ("achilles_rod", "toe_A_rod", "toe_B_rod"))  # fmt: skip
    assert not set(names) & set(scene.content["bodies"])
    lengths = dict(zip(names, scene.arrays["rod_length"], strict=True))
    assert lengths["left_achilles_rod"] == pytest.approx(0.5012, abs=1e-3)
    assert lengths["left_toe_A_rod"] == pytest.approx(0.3401, abs=1e-3)
    assert lengths["right_toe_B_rod"] == pytest.approx(0.2881, abs=1e-3)
    # Half of a rod's mass at either end: nothing is lost.
    assert scene.arrays["body_mass"].sum() == pytest.approx(model.body_mass.sum())
    assert (scene.arrays["rod_mass"] > 0.05).all()


def test_tendons_become_springs_on_sums_of_angles(tmp_path: Path) -> None:
    scene = export_scene(reduced_digit(), tmp_path)
    weights = scene.arrays["tendon_weights"]
    names = scene.content["joints"]
    found = [sorted(names[k] for k in np.flatnonzero(row)) for row in weights]
    assert found == [["left_knee", "left_tarsus"], ["right_knee", "right_tarsus"]]
    np.testing.assert_allclose(scene.arrays["tendon_stiffness"], LEAF_STIFFNESS)
    np.testing.assert_allclose(scene.arrays["tendon_damping"], LEAF_DAMPING)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), min_size=2, max_size=5))
def test_filters_keep_apart_what_does_not_collide(bits: list[tuple[int, int]]) -> None:
    spec = mujoco.MjSpec()
    for kind, affinity in bits:
        body = spec.worldbody.add_body()
        body.add_freejoint()
        body.add_geom(size=(0.1, 0.1, 0.1), contype=kind, conaffinity=affinity)
    model = spec.compile()
    filters = filters_of(model)
    for first, second in combinations(range(model.ngeom), 2):
        if (0, 0) in (bits[first], bits[second]):
            continue  # a picture only; not among Isaac Gym's shapes
        touch = bits[first][0] & bits[second][1] or bits[second][0] & bits[first][1]
        assert bool(touch) == (filters[first] & filters[second] == 0)


@given(st.lists(st.floats(-1.0, 1.0), min_size=4, max_size=4).filter(lambda q: np.linalg.norm(q) > 0.1))
def test_roll_pitch_yaw_are_the_quaternion(values: list[float]) -> None:
    quaternion = np.array(values) / np.linalg.norm(values)
    roll, pitch, yaw = roll_pitch_yaw(quaternion)
    expected = np.zeros(9)
    mujoco.mju_quat2Mat(expected, quaternion)
    turns = [np.array([np.cos(a / 2), *(np.sin(a / 2) * axis)]) for a, axis in
             ((yaw, np.eye(3)[2]), (pitch, np.eye(3)[1]), (roll, np.eye(3)[0]))]  # fmt: skip
    result = np.zeros(4)
    mujoco.mju_mulQuat(result, turns[0], turns[1])
    mujoco.mju_mulQuat(result, result.copy(), turns[2])
    matrix = np.zeros(9)
    mujoco.mju_quat2Mat(matrix, result)
    np.testing.assert_allclose(matrix, expected, atol=1e-6)


def test_filters_of_digit_are_few() -> None:
    model = reduced_digit()
    filters = {model.geom(k).name: int(value) for k, value in enumerate(filters_of(model))}
    assert filters["left_foot"] & filters["left_shank"]
    assert filters["torso"] & filters["left_foot"]
    assert not filters["left_foot"] & filters["right_foot"]
    assert not filters["torso"] & filters["left_forearm"]
    assert max(filters.values()) < 2**8


def test_roll_pitch_yaw_straight_up() -> None:
    quaternion = np.array([np.sqrt(0.5), 0.0, np.sqrt(0.5), 0.0])
    np.testing.assert_allclose(roll_pitch_yaw(quaternion), [0.0, np.pi / 2, 0.0], atol=1e-7)


def test_restitution_of_contacts() -> None:
    np.testing.assert_allclose(
        restitution_of(np.array([[0.02, 1.0], [0.02, 0.0], [-2500.0, -100.0]])), [0, 1, 0]
    )
    ratio = 0.3
    expected = np.exp(-np.pi * ratio / np.sqrt(1 - ratio**2))
    direct = np.array([-2500.0, -2 * ratio * 50.0])
    np.testing.assert_allclose(restitution_of(np.array([[0.02, ratio], direct])), expected)


BODY = '<body name="b"><freejoint/>{inside}<geom size=".1"/></body>'


@pytest.mark.parametrize(
    ("xml", "message"),
    [
        ('<worldbody><geom name="hill" type="plane" size="0 0 1" euler="5 0 0"/></worldbody>', "'hill' is not level"),
        ('<worldbody><geom name="step" type="box" size="1 1 1"/></worldbody>', "shape 'step' of the world"),
        ('<worldbody><body name="egg"><freejoint/><geom name="egg" type="ellipsoid" size="1 1 2"/></body></worldbody>',
         "shape 'egg'"),
        ('<worldbody><body name="b"><joint axis="1 0 0"/><joint axis="0 1 0"/><geom size=".1"/></body></worldbody>',
         "body 'b' has 2 joints"),
        ('<worldbody><body name="b"><joint type="ball"/><geom size=".1"/></body></worldbody>', "joint of body 'b'"),
        ('<worldbody><body name="a"><joint name="a"/><geom size=".1"/></body><body name="b"><joint name="b"/>'
         '<geom size=".1"/></body></worldbody><equality><joint name="both" joint1="a" joint2="b"/></equality>',
         "equality 'both'"),
        ('<worldbody><body name="a"><freejoint/><geom size=".1"/></body></worldbody>'
         '<equality><connect name="pin" body1="a" anchor="0 0 0"/></equality>', "equality 'pin' does not hold"),
        ('<worldbody><site name="s"/><body name="a"><joint name="a"/><geom size=".1"/><site name="t"/></body>'
         '</worldbody><tendon><spatial name="string"><site site="s"/><site site="t"/></spatial></tendon>',
         "tendon 'string'"),
        ('<worldbody><body name="a"><joint name="a"/><geom size=".1"/></body></worldbody>'
         '<actuator><motor name="geared" joint="a" gear="3"/></actuator>', "actuator 'geared'"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_named(tmp_path: Path, xml: str, message: str) -> None:
    model = mujoco.MjModel.from_xml_string(f"<mujoco>{xml}</mujoco>")
    with pytest.raises(MvpRealError, match=message):
        export_scene(model, tmp_path)
