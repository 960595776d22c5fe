"""Counts, masses, ranges, limits and mirror symmetry of both models against the robot's tables."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from mvp_real.robots.digit import SIDES, load_digit, mirror_order
from mvp_real.sim.digit import JointReadout, full_model, reduced_model, standing_position
from mvp_real.sim.digit.facts import load_facts
from mvp_real.sim.digit.inertia import body_frames
from mvp_real.sim.digit.reduced import reduced_bodies
from mvp_real.sim.digit.toe_map import foot_coefficients, foot_torques

TABLE = load_digit()


def test_counts_of_the_full_model(full: mujoco.MjModel) -> None:
    assert (full.nq, full.nv, full.nu, full.neq, full.nbody) == (61, 54, 20, 6, 38)
    assert full.opt.timestep == 0.001
    assert (full.eq_type == int(mujoco.mjtEq.mjEQ_CONNECT)).all()


def test_counts_of_the_reduced_model(reduced: mujoco.MjModel) -> None:
    assert (reduced.nq, reduced.nv, reduced.nu, reduced.neq, reduced.nbody) == (29, 28, 20, 0, 24)
    assert reduced.opt.timestep == 0.005
    assert reduced.ntendon == 2
    assert reduced.tendon_stiffness == pytest.approx(1900.0)


def test_total_mass(either: mujoco.MjModel) -> None:
    assert either.body_mass.sum() == pytest.approx(47.93, abs=0.01)


def test_fusing_keeps_mass_and_centre_of_mass(full: mujoco.MjModel, reduced: mujoco.MjModel) -> None:
    centers = []
    for model in (full, reduced):
        data = mujoco.MjData(model)
        mujoco.mj_forward(model, data)
        centers.append(data.subtree_com[0].copy())
    np.testing.assert_allclose(centers[0], centers[1], atol=1e-12)
    assert reduced.body_mass.sum() == pytest.approx(full.body_mass.sum(), abs=1e-12)


def test_fusing_keeps_the_inertia_about_the_base() -> None:
    def inertia(bodies) -> np.ndarray:
        frames = body_frames(bodies)
        total = np.zeros((3, 3))
        for body in bodies:
            turn = frames[body.name][:3, :3]
            xx, yy, zz, xy, xz, yz = body.inertia
            place = turn @ body.center_of_mass + frames[body.name][:3, 3]
            total += turn @ np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]) @ turn.T
            total += body.mass * (place @ place * np.eye(3) - np.outer(place, place))
        return total

    facts = load_facts()
    np.testing.assert_allclose(inertia(reduced_bodies(facts)), inertia(facts.bodies), rtol=1e-10)


def test_names_that_others_rely_on(either: mujoco.MjModel) -> None:
    for geom in ("left_foot", "right_foot", "torso", "floor"):
        assert either.geom(geom).id >= 0
    for site in ("left_sole", "right_sole", "imu"):
        assert either.site(site).id >= 0
    for sensor in ("left_contact", "right_contact"):
        assert either.sensor(sensor).type[0] == mujoco.mjtSensor.mjSENS_TOUCH
    for body in ("base", "left_foot", "right_foot"):
        assert either.body(body).id > 0


def test_motors_of_the_full_model_are_those_of_the_table(full: mujoco.MjModel) -> None:
    assert tuple(full.actuator(k).name for k in range(20)) == TABLE.motors
    dofs = [int(full.joint(name).dofadr[0]) for name in TABLE.motors]
    ranges = np.array([full.joint(name).range for name in TABLE.motors])
    np.testing.assert_array_equal(ranges, np.stack([TABLE.lower, TABLE.upper], axis=1))
    np.testing.assert_array_equal(full.dof_armature[dofs], TABLE.armature)
    np.testing.assert_array_equal(full.dof_damping[dofs], TABLE.damping)
    np.testing.assert_array_equal(full.dof_frictionloss[dofs], TABLE.frictionloss)
    np.testing.assert_array_equal(full.actuator_gainprm[:, 0], TABLE.kp)
    np.testing.assert_array_equal(full.actuator_biasprm[:, 1], -TABLE.kp)
    np.testing.assert_array_equal(full.actuator_biasprm[:, 2], -TABLE.kd)
    np.testing.assert_array_equal(full.actuator_forcerange[:, 1], TABLE.torque_limit)


def test_ranges_of_the_passive_joints(full: mujoco.MjModel) -> None:
    ranges = np.array([full.joint(name).range for name in TABLE.joints])
    np.testing.assert_array_equal(ranges, np.stack([TABLE.joint_lower, TABLE.joint_upper], axis=1))


def test_toe_slots_of_the_reduced_model_follow_the_toe_map(reduced: mujoco.MjModel) -> None:
    slots = [reduced.actuator(k).name for k in (4, 5, 10, 11)]
    assert slots == ["left_toe_pitch", "left_toe_roll", "right_toe_pitch", "right_toe_roll"]
    for slot, axis in ((4, 0), (5, 1), (10, 0), (11, 1)):
        joint = int(reduced.actuator(slot).trnid[0])
        dof = int(reduced.jnt_dofadr[joint])
        assert reduced.actuator_gainprm[slot, 0] == pytest.approx(foot_coefficients(40.0)[axis])
        assert reduced.actuator_biasprm[slot, 2] == pytest.approx(-foot_coefficients(6.0)[axis])
        assert reduced.actuator_forcerange[slot, 1] == pytest.approx(foot_torques(42.0)[axis])
        assert reduced.dof_armature[dof] == pytest.approx(foot_coefficients(0.0361)[axis])


def test_motors_give_no_more_than_their_torque(either: mujoco.MjModel) -> None:
    data = mujoco.MjData(either)
    data.ctrl[:] = 50.0
    mujoco.mj_forward(either, data)
    np.testing.assert_array_equal(data.actuator_force, either.actuator_forcerange[:, 1])


def test_mirrored_poses_have_mirrored_feet(either: mujoco.MjModel) -> None:
    readout = JointReadout(either)
    data = mujoco.MjData(either)
    random = np.random.default_rng(3)
    for _ in range(20):
        motors = random.uniform(0.6 * TABLE.lower, 0.6 * TABLE.upper)
        motors = np.where([name.startswith("left") for name in TABLE.motors], motors, 0.0)
        motors -= motors[mirror_order(TABLE.motors)]
        data.qpos[:] = either.qpos0
        readout.set_motor_position(data.qpos, motors)
        passive = random.uniform(-0.3, 0.3, 5)
        for name, value in zip(
            ("shin", "tarsus", "toe_pitch", "toe_roll", "heel_spring"), passive, strict=True
        ):
            for side, sign in zip(SIDES, (1.0, -1.0), strict=True):
                if f"{side}_{name}" in [either.joint(k).name for k in range(either.njnt)]:
                    data.joint(f"{side}_{name}").qpos[0] = sign * value
        mujoco.mj_forward(either, data)
        left, right = data.site("left_sole"), data.site("right_sole")
        mirror = np.diag([1.0, -1.0, 1.0])
        np.testing.assert_allclose(right.xpos, mirror @ left.xpos, atol=1e-8)
        rotation = mirror @ left.xmat.reshape(3, 3) @ mirror
        np.testing.assert_allclose(right.xmat.reshape(3, 3), rotation, atol=1e-8)


def test_default_pose_stands_on_level_soles_under_the_centre_of_mass(full: mujoco.MjModel) -> None:
    data = mujoco.MjData(full)
    data.qpos[:] = standing_position(full)
    mujoco.mj_forward(full, data)
    for side in SIDES:
        sole = data.site(f"{side}_sole")
        assert sole.xmat.reshape(3, 3)[2, 2] > np.cos(0.02)
        assert abs(sole.xpos[0] - data.subtree_com[0][0]) < 0.003
        assert abs(sole.xpos[2]) < 1e-9


@pytest.mark.parametrize("build", [full_model, reduced_model])
def test_terrain_friction_and_appearance_are_the_callers_choice(build) -> None:
    def slope(spec: mujoco.MjSpec) -> None:
        spec.worldbody.add_geom(
            name="slope", type=mujoco.mjtGeom.mjGEOM_BOX, size=(5.0, 5.0, 0.1), pos=(0.0, 0.0, -0.1)
        )

    model = build(terrain=slope, joint_friction=False, appearance=False, timestep=0.0005).compile()
    names = [model.geom(k).name for k in range(model.ngeom)]
    assert "slope" in names
    assert "floor" not in names
    assert model.opt.timestep == 0.0005
    assert not model.dof_frictionloss.any()
    assert model.ngeom < 15
    assert model.body_mass.sum() == pytest.approx(47.93, abs=0.01)


def test_standing_robot_weighs_on_its_touch_sensors(either: mujoco.MjModel) -> None:
    data = mujoco.MjData(either)
    data.qpos[:] = standing_position(either)
    data.ctrl[:] = JointReadout(either).control(TABLE.default_pose)
    mujoco.mj_forward(either, data)
    for _ in range(round(0.1 / either.opt.timestep)):
        mujoco.mj_step(either, data)
    left, right = data.sensor("left_contact").data[0], data.sensor("right_contact").data[0]
    assert left == pytest.approx(right, rel=1e-3)
    assert 200.0 < left + right < 700.0
    assert data.ncon == 8  # four corners of each sole, nothing else touches
