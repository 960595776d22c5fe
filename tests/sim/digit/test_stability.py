"""Both models stay finite at their step and survive a fall; step sizes around it give the same robot."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from mvp_real.robots.digit import load_digit
from mvp_real.sim.digit import (
    JointReadout,
    carrying_torques,
    full_model,
    reduced_model,
    standing_position,
    standing_targets,
)
from mvp_real.sim.digit.loops import loop_gaps

TABLE = load_digit()
TOES = TABLE.toe_indices
LEGS = TABLE.gain_indices


def _stand(model: mujoco.MjModel, seconds: float, toes: float = 1.0, legs: float = 1.0, carry: bool = True):
    """State after standing with the toe and leg gains times the factors, and when it fell (`seconds`: not)."""
    model = model.__copy__()
    for slots, factor in ((TOES, toes), (LEGS, legs)):
        model.actuator_gainprm[slots, 0] *= factor
        model.actuator_biasprm[slots, 1:3] *= factor
    softness = np.ones(20)
    softness[TOES] /= toes
    softness[LEGS] /= legs
    lead = (standing_targets() - TABLE.default_pose) * softness
    target = TABLE.default_pose + (lead if carry else 0.0)
    data = mujoco.MjData(model)
    data.qpos[:] = standing_position(model)
    data.ctrl[:] = JointReadout(model).control(target)
    while data.time < seconds:
        mujoco.mj_step(model, data)
        if data.qpos[2] < TABLE.fall_height or data.body("base").xmat[8] < np.cos(TABLE.fall_tilt):
            break
    return data


def _carrying() -> np.ndarray:
    model = reduced_model(appearance=False).compile()
    data = mujoco.MjData(model)
    data.qpos[:] = standing_position(model)
    return carrying_torques(model, data, np.array([0.5, 0.5]), towards_center=False)


def test_knees_carry_and_toes_need_not() -> None:
    torques = dict(zip(TABLE.motors, _carrying(), strict=True))
    assert torques["left_knee"] == pytest.approx(58.3, abs=1.0)
    assert torques["left_hip_roll"] == pytest.approx(6.3, abs=0.5)
    assert abs(torques["left_toe_A"]) < 1.0
    for part in ("hip_roll", "hip_yaw", "hip_pitch", "knee", "toe_A", "shoulder_roll", "elbow"):
        assert torques[f"right_{part}"] == pytest.approx(-torques[f"left_{part}"], abs=0.02)


def test_without_feed_forward_it_collapses(either: mujoco.MjModel) -> None:
    assert _stand(either, 2.0, carry=False).time < 1.2


def test_with_feed_forward_it_stands_for_seconds(full: mujoco.MjModel, reduced: mujoco.MjModel) -> None:
    """At nominal toe gains it must fall in the end: the ankles are softer than gravity is steep."""
    assert 2.4 < _stand(reduced, 6.0).time < 6.0
    assert 2.4 < _stand(full, 6.0).time < 6.0


def test_stiff_legs_stand_for_good(either: mujoco.MjModel) -> None:
    data = _stand(either, 5.0, toes=8.0, legs=4.0)
    assert data.time >= 5.0
    assert data.qpos[2] > 1.0


@pytest.mark.parametrize(
    ("build", "timesteps"), [(full_model, (0.0005, 0.001)), (reduced_model, (0.0025, 0.005))]
)
def test_half_the_step_gives_the_same_motion(build, timesteps: tuple[float, float]) -> None:
    heights = [_stand(build(timestep=step, appearance=False).compile(), 1.0).qpos[2] for step in timesteps]
    assert heights[0] == pytest.approx(heights[1], abs=0.003)


@pytest.mark.parametrize("step", [0.0025, 0.005, 0.01])
def test_reduced_model_survives_falls(step: float) -> None:
    _fall(reduced_model(timestep=step, appearance=False).compile())


def test_full_model_survives_falls_with_its_loops_closed() -> None:
    model = full_model(appearance=False).compile()
    gap = _fall(model)
    assert gap < 0.003


def _fall(model: mujoco.MjModel) -> float:
    """Fall for 1.5 s with random targets from four leaning starts; returns the largest gap of a loop, m."""
    gap = 0.0
    readout = JointReadout(model)
    for seed in range(4):
        random = np.random.default_rng(seed)
        data = mujoco.MjData(model)
        data.qpos[:] = standing_position(model)
        data.qvel[:3] = random.normal(scale=1.0, size=3)
        data.qvel[3:6] = random.normal(scale=1.0, size=3)
        for step in range(round(1.5 / model.opt.timestep)):
            if step % round(0.02 / model.opt.timestep) == 0:
                data.ctrl[:] = readout.control(TABLE.default_pose + random.normal(scale=0.3, size=20))
            mujoco.mj_step(model, data)
            if model.neq and step % 20 == 0:
                gap = max(gap, float(loop_gaps(model, data).max()))
        # MuJoCo resets a simulation that diverged, so finite numbers alone prove nothing.
        assert not any(warning.number for warning in data.warning)
        assert np.isfinite(data.qpos).all()
    return gap
