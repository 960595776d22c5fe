"""Live fields of the batched engine, sensors, kept results, exact snapshots: on a pendulum over a plane."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from mvp_real.errors import MvpRealError
from mvp_real.sim.mujoco_backend import MujocoBackend


def pendulum() -> mujoco.MjSpec:
    """A weight that swings and rests on a plane, with a servo and a touch sensor."""
    spec = mujoco.MjSpec()
    spec.option.timestep = 0.002
    spec.worldbody.add_geom(name="floor", type=mujoco.mjtGeom.mjGEOM_PLANE, size=(1.0, 1.0, 0.1))
    arm = spec.worldbody.add_body(name="arm", pos=(0.0, 0.0, 0.2))
    arm.add_joint(name="hinge", axis=(0.0, 1.0, 0.0))
    arm.add_geom(name="weight", size=(0.05, 0.0, 0.0), pos=(0.3, 0.0, 0.0), mass=1.0)
    arm.add_site(name="tip", size=(0.06, 0.0, 0.0), pos=(0.3, 0.0, 0.0))
    spec.add_sensor(
        name="touch", type=mujoco.mjtSensor.mjSENS_TOUCH, objtype=mujoco.mjtObj.mjOBJ_SITE, objname="tip"
    )
    servo = spec.add_actuator(name="hinge", target="hinge", trntype=mujoco.mjtTrn.mjTRN_JOINT)
    servo.set_to_position(kp=2.0, kv=0.1)
    return spec


def backend(count: int = 2, persistent: bool = True) -> MujocoBackend:
    return MujocoBackend(pendulum(), count, decimation=10, threads=1, persistent=persistent)


@pytest.mark.parametrize("persistent", [False, True])
def test_kept_results_change_nothing(persistent: bool) -> None:
    """A kept simulation goes on from where it was, also when its state and its gains are written in between."""
    batch = backend(persistent=persistent)
    gain, velocity = batch.model_field("actuator_gainprm"), batch.data_field("qvel")
    data = mujoco.MjData(batch.model)
    for step in range(4):
        gain[:, 0, 0] = batch.model.actuator_gainprm[0, 0] = 2.0 + step
        velocity[:, 0] += 0.3
        data.qvel[0] += 0.3
        batch.step()
        mujoco.mj_step(batch.model, data, 10)
        np.testing.assert_array_equal(batch.joint_pos[:, 0], data.qpos[0])
    assert batch.model_field("actuator_gainprm")[1, 0, 0] == 5.0


def test_a_touch_sensor_reads_the_weight() -> None:
    batch = backend()
    batch.sensor("touch")
    batch.step(200)
    # The lever carries the weight at its end: its own weight acts there, and the servo pulls at zero.
    angle = batch.joint_pos[0, 0]
    expected = 9.81 - 2.0 * angle / (0.3 * np.cos(angle))
    np.testing.assert_allclose(batch.sensor("touch")[:, 0], expected, rtol=0.02)


def test_a_snapshot_goes_on_exactly() -> None:
    original = backend()
    original.model_field("body_mass")[:, 1] = (1.5, 0.7)
    original.update_constants()
    original.data_field("qvel")[1] = 2.0
    original.step(3)
    snapshot = original.snapshot()
    original.step(5)
    resumed = backend()
    resumed.restore(snapshot)
    resumed.step(5)
    np.testing.assert_array_equal(resumed.data_field("qpos"), original.data_field("qpos"))
    np.testing.assert_array_equal(resumed.data_field("qvel"), original.data_field("qvel"))
    np.testing.assert_array_equal(resumed.time, original.time)


def test_failures_are_part_of_a_snapshot() -> None:
    original = backend()
    original.data_field("qvel")[1] = 1e12
    original.step()
    assert original.diverged().tolist() == [False, True]
    resumed = backend()
    resumed.restore(original.snapshot())
    assert resumed.diverged().tolist() == [False, True]
    resumed.reset_state([1])
    assert not resumed.diverged().any()


def test_a_snapshot_of_another_batch_is_refused() -> None:
    with pytest.raises(MvpRealError, match="shape"):
        backend(3).restore(backend(2).snapshot())


def test_unknown_names_suggest_known_ones() -> None:
    with pytest.raises(MvpRealError, match="did you mean touch"):
        backend().sensor("tuch")
    with pytest.raises(MvpRealError, match="body_mass"):
        backend().model_field("body_mas")
