"""The hand's model: ranges, mirror, forward kinematics against figures worked out by hand, mass, gravity."""

from __future__ import annotations

import math
from xml.etree import ElementTree

import numpy as np
import pytest

mujoco = pytest.importorskip("mujoco")

from mvp_real.resources import sim_file  # noqa: E402
from mvp_real.robots.allegro.table import load_hand  # noqa: E402
from mvp_real.sim.allegro.facts import load_facts  # noqa: E402
from mvp_real.sim.allegro.model import PALM_UP, TIPS, WRIST, build_hand  # noqa: E402
from mvp_real.sim.allegro.published import PUBLISHED, published_text  # noqa: E402

UPRIGHT = (1.0, 0.0, 0.0, 0.0)


def posed(side: str = "right", **angles: float) -> tuple[mujoco.MjModel, mujoco.MjData]:
    """A hand with the wrist's frame as the world's and these joints, e.g. `j5=0.3`."""
    model = build_hand(load_hand("v4", side), UPRIGHT).compile()
    data = mujoco.MjData(model)
    for name, angle in angles.items():
        data.joint(f"joint_{name[1:]}.0").qpos[:] = angle
    mujoco.mj_kinematics(model, data)
    return model, data


@pytest.mark.parametrize("variant", ["v4", "v5", "v5a"])
def test_joints_are_named_ordered_and_limited_as_in_the_table(variant: str) -> None:
    table = load_hand(variant)
    model = build_hand(table).compile()
    assert tuple(model.joint(k).name for k in range(model.njnt)) == table.joint_names
    assert tuple(model.actuator(k).name for k in range(model.nu)) == table.joint_names
    assert np.allclose(model.jnt_range[:, 0], table.range_lower)
    assert np.allclose(model.jnt_range[:, 1], table.range_upper)
    assert np.allclose(model.actuator_ctrlrange, [-0.7, 0.7])


def test_the_whole_hand_weighs_what_the_description_says() -> None:
    model = build_hand().compile()
    fingers = 3 * (0.0119 + 0.065 + 0.0355 + 0.0096 + 0.0168)
    thumb = 0.0176 + 0.0119 + 0.038 + 0.0388 + 0.0168
    assert float(model.body_mass.sum()) == pytest.approx(0.4154 + fingers + thumb, abs=1e-9)
    assert load_facts().mass == pytest.approx(0.9549, abs=1e-9)


def test_the_straight_middle_finger_reaches_the_sum_of_its_links() -> None:
    _, data = posed()
    assert np.allclose(data.site(TIPS[1]).xpos, [0, 0, 0.0007 + 0.0164 + 0.054 + 0.0384 + 0.0267], atol=1e-9)


def test_the_bent_middle_finger_is_where_trigonometry_puts_it() -> None:
    """Flexion turns about y, from along the finger (z) to out of the palm (x)."""
    a, b, c = 0.6, 0.9, 0.4
    _, data = posed(j5=a, j6=b, j7=c)
    x = 0.054 * math.sin(a) + 0.0384 * math.sin(a + b) + 0.0267 * math.sin(a + b + c)
    z = 0.0171 + 0.054 * math.cos(a) + 0.0384 * math.cos(a + b) + 0.0267 * math.cos(a + b + c)
    assert np.allclose(data.site(TIPS[1]).xpos, [x, 0.0, z], atol=1e-6)


def test_a_bent_finger_swings_sideways_when_it_is_spread() -> None:
    """A finger bent by 90 degrees at its first flexion joint points out of the palm; spreading turns about z."""
    spread = 0.3
    _, data = posed(j4=spread, j5=math.pi / 2)
    reach = 0.054 + 0.0384 + 0.0267
    expected = [reach * math.cos(spread), reach * math.sin(spread), 0.0171]
    assert np.allclose(data.site(TIPS[1]).xpos, expected, atol=1e-6)


def test_the_index_finger_leans_five_degrees_away_from_the_middle_one() -> None:
    _, data = posed()
    lean, length = math.radians(5.0), 0.0164 + 0.054 + 0.0384 + 0.0267
    expected = [0.0, 0.0435 + length * math.sin(lean), -0.001542 + length * math.cos(lean)]
    assert np.allclose(data.site(TIPS[0]).xpos, expected, atol=1e-6)


def test_the_thumb_tip_follows_its_frames() -> None:
    """Roll, pitch, yaw of the thumb's base is (0, -95, -90) degrees: R = Rz(-90) Ry(-95)."""
    _, data = posed()
    c, s = math.cos(math.radians(-95.0)), math.sin(math.radians(-95.0))
    rotation = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]) @ np.array(
        [[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]]
    )
    along = np.array([-0.027, 0.005, 0.0399 + 0.0177 + 0.0514 + 0.0423])
    expected = np.array([-0.0182, 0.019333, -0.045987]) + rotation @ along
    assert np.allclose(data.site(TIPS[3]).xpos, expected, atol=1e-6)


def test_the_left_hand_is_the_mirror_image() -> None:
    """In mirrored poses the fingers' first joints change sign (the vendor keeps their axis), all others do not."""
    random = np.random.default_rng(3)
    table = load_hand()
    sign = np.ones(16)
    sign[[0, 4, 8]] = -1.0
    right, left = (build_hand(load_hand("v4", side), UPRIGHT).compile() for side in ("right", "left"))
    for _ in range(20):
        pose = random.uniform(table.range_lower, table.range_upper)
        one, other = mujoco.MjData(right), mujoco.MjData(left)
        one.qpos[:], other.qpos[:] = pose, sign * pose
        mujoco.mj_kinematics(right, one)
        mujoco.mj_kinematics(left, other)
        for tip in TIPS:
            assert np.allclose(one.site(tip).xpos * [1, -1, 1], other.site(tip).xpos, atol=1e-6)


def test_gravity_pulls_with_the_weight_times_the_lever() -> None:
    """Fingers straight, palm up: the moment about the first flexion joint, summed over the links by hand."""
    model = build_hand(mount=PALM_UP).compile()
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    lever = 0.065 * 0.027 + 0.0355 * (0.054 + 0.0192) + 0.0096 * (0.0924 + 0.008)
    lever += 0.0168 * (0.0924 + 0.0267 - 0.010)
    assert data.joint("joint_5.0").qfrc_bias[0] == pytest.approx(9.81 * lever, rel=1e-3)


def test_the_home_pose_is_held_against_gravity_by_the_torques_of_gravity() -> None:
    table = load_hand()
    model = build_hand(table).compile()
    data = mujoco.MjData(model)
    data.qpos[:] = table.home
    mujoco.mj_forward(model, data)
    hold = data.qfrc_bias.copy()
    assert np.all(np.abs(hold) < table.torque_limit), "the vendor's torque limits must carry the fingers"
    for _ in range(2000):
        data.ctrl[:] = data.qfrc_bias
        mujoco.mj_step(model, data)
    assert np.abs(data.qpos - table.home).max() < 1e-3
    data.ctrl[:] = 0.0
    mujoco.mj_step(model, data, 2000)
    assert data.joint("joint_5.0").qpos[0] < -0.15, "and without torque the fingers sink to their stops"


def test_fingers_meet_the_palm_and_each_other_only_when_they_touch() -> None:
    model, data = posed()
    mujoco.mj_forward(model, data)
    assert data.ncon == 0
    _, data = posed(j5=1.61, j6=1.7, j7=1.6)
    mujoco.mj_forward(model, data)
    assert data.ncon > 0, "a closed finger touches the palm"


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_files_in_the_repository_are_the_generated_ones(name: str) -> None:
    assert sim_file(name).read_text(encoding="utf-8") == published_text(name)


@pytest.mark.parametrize("side", ["right", "left"])
def test_the_urdf_has_the_same_kinematics_as_the_model(side: str) -> None:
    """Read back by MuJoCo's own URDF reader, and with the link names that retargeting looks for."""
    text = sim_file(f"allegro_{side}.urdf").read_text(encoding="utf-8")
    robot = ElementTree.fromstring(text.encode())
    links = {link.get("name") for link in robot.iter("link")}
    assert {WRIST, *TIPS} <= links
    assert {limit.get("effort") for limit in robot.iter("limit")} == {"0.7"}
    compiler = ElementTree.SubElement(ElementTree.SubElement(robot, "mujoco"), "compiler")
    compiler.set("fusestatic", "false")
    model = mujoco.MjModel.from_xml_string(ElementTree.tostring(robot, encoding="unicode"))
    data = mujoco.MjData(model)
    own = build_hand(load_hand("v4", side), UPRIGHT).compile()
    own_data = mujoco.MjData(own)
    random = np.random.default_rng(5)
    pose = random.uniform(own.jnt_range[:, 0], own.jnt_range[:, 1])
    data.qpos[:], own_data.qpos[:] = pose, pose
    mujoco.mj_kinematics(model, data)
    mujoco.mj_kinematics(own, own_data)
    for tip in TIPS:
        assert np.allclose(data.body(tip).xpos, own_data.site(tip).xpos, atol=1e-5)
