from __future__ import annotations

import math

import mujoco
import numpy as np
import pytest

from mvp_real.evaluation.locomotion.gait_measures import FORWARDS, arm_swing, correlation, gait, swings_of
from mvp_real.robots.digit import load_digit
from mvp_real.sim.digit import JointReadout, reduced_model

from .synthetic import GAIT, PERIOD, trajectory


def test_feet_that_take_turns() -> None:
    found = gait(trajectory(seconds=1.0 + 10 * GAIT), 0)
    assert found is not None
    assert (found.single, found.double, found.flight) == (1.0, 0.0, 0.0)
    assert found.cadence == pytest.approx(2 / GAIT, rel=0.15)
    assert found.clearance == pytest.approx(0.1, abs=0.005)
    assert found.stance_asymmetry == pytest.approx(0.0, abs=0.06)


def test_a_limp_shows() -> None:
    walk = trajectory(seconds=1.0 + 10 * GAIT)
    phase = (PERIOD * np.arange(len(walk.force)) / GAIT) % 1.0
    walk.force[:, 0, 0] = 400.0 * (phase < 0.75)
    walk.force[:, 0, 1] = 400.0 * (phase >= 0.75)
    found = gait(walk, 0)
    assert found is not None
    assert found.stance_asymmetry == pytest.approx(1.0, abs=0.1)


def test_a_robot_that_stands_takes_no_steps() -> None:
    walk = trajectory()
    walk.force[:] = 250.0
    found = gait(walk, 0)
    assert found is not None
    assert (found.double, found.single, found.flight) == (1.0, 0.0, 0.0)
    assert (found.cadence, found.clearance, found.stance_asymmetry) == (0.0, 0.0, 0.0)
    walk.steps[0] = 10
    assert gait(walk, 0) is None


def test_a_bounce_is_no_swing() -> None:
    standing = np.ones(100, dtype=bool)
    standing[10:12] = False
    standing[40:60] = False
    standing[95:] = False  # not landed yet
    assert swings_of(standing, PERIOD) == [(40, 60)]


def swinging(lag: float, amplitude: float = 0.2, mirrored: bool = False) -> np.ndarray:
    """(T, 1, 20): legs forward in turn, each arm `lag` s after the other leg, or with its own one if `mirrored`."""
    table = load_digit()
    time = PERIOD * np.arange(500)
    angles = np.zeros((500, 1, 20))
    for side, other, shift in (("left", "right", 0.0), ("right", "left", math.pi)):
        leg = np.sin(2 * math.pi * time / GAIT + shift)
        arm = np.sin(2 * math.pi * (time - lag) / GAIT + shift)
        angles[:, 0, table.motor(f"{side}_hip_pitch")] = FORWARDS[side] * 0.3 * leg
        carrier = side if mirrored else other
        angles[:, 0, table.motor(f"{carrier}_shoulder_pitch")] = FORWARDS[carrier] * amplitude * arm
    return angles


def test_arms_that_swing_against_the_legs() -> None:
    found = arm_swing(trajectory(motor_position=swinging(0.0)), 0)
    assert found is not None
    assert found.contralateral == pytest.approx(1.0)
    assert found.ipsilateral == pytest.approx(-1.0)
    assert found.lag == pytest.approx(0.0)
    assert found.amplitude == pytest.approx(0.2, abs=0.005)


def test_the_lag_of_the_arms() -> None:
    found = arm_swing(trajectory(motor_position=swinging(0.1)), 0)
    assert found is not None
    assert found.lag == pytest.approx(0.1)
    assert found.largest == pytest.approx(1.0)
    assert found.contralateral == pytest.approx(math.cos(2 * math.pi * 0.1 / GAIT), abs=0.01)


def test_arms_that_swing_with_their_own_leg_are_told_apart() -> None:
    found = arm_swing(trajectory(motor_position=swinging(0.0, mirrored=True)), 0)
    assert found is not None
    assert found.contralateral == pytest.approx(-1.0)


def test_still_arms_do_not_swing() -> None:
    assert arm_swing(trajectory(motor_position=swinging(0.0, amplitude=0.0)), 0) is None


def test_correlation_of_a_constant_is_zero() -> None:
    assert correlation(np.ones(10), np.arange(10.0)) == 0.0


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize(("part", "site"), [("hip_pitch", "sole"), ("shoulder_pitch", "forearm")])
def test_the_signs_are_those_of_the_model(side: str, part: str, site: str) -> None:
    """A step in the direction of `FORWARDS` moves the sole or the forearm ahead."""
    model, table = reduced_model().compile(), load_digit()
    data, readout = mujoco.MjData(model), JointReadout(model)

    def ahead(change: float) -> float:
        pose = table.default_pose.copy()
        pose[table.motor(f"{side}_{part}")] += change
        readout.set_motor_position(data.qpos, pose)
        mujoco.mj_kinematics(model, data)
        place = data.site(f"{side}_sole").xpos if site == "sole" else data.geom(f"{side}_forearm").xpos
        return float(place[0] - data.body("base").xpos[0])

    assert ahead(0.1 * FORWARDS[side]) > ahead(0.0) + 0.02
