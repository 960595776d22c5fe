"""The open-loop gait: its symmetry, its pendulum, and for how long it steps on the reduced model."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from mvp_real.control.locomotion.spaces import (
    ACTION_SIZE,
    OBSERVATION,
    OBSERVATION_SIZE,
    decode_action,
    mirror_action,
)
from mvp_real.robots.digit import load_digit
from mvp_real.sim.digit import JointReadout, reduced_model, standing_position
from mvp_real.tasks.digit.gait import Gait, clock
from mvp_real.tasks.digit.reference_gait import START_PHASE, ReferenceGait, reference_targets, sway

TABLE = load_digit()
GAIT = Gait(clearance=0.10)


@pytest.fixture(scope="module")
def reference() -> ReferenceGait:
    return ReferenceGait(GAIT)


def _steps(reference: ReferenceGait, start: float, seconds: float = 6.0) -> tuple[float, int]:
    """Time until it falls from rest, s, and how often a foot came down."""
    model = reduced_model(appearance=False).compile()
    data, readout = mujoco.MjData(model), JointReadout(model)
    data.qpos[:] = standing_position(model)
    standing, landings = np.array([True, True]), 0
    for tick in range(round(seconds / TABLE.control_period)):
        action = reference.at(np.array(start + tick * TABLE.control_period / GAIT.period))
        data.ctrl[:] = readout.control(decode_action(action).position)
        for _ in range(round(TABLE.control_period / model.opt.timestep)):
            mujoco.mj_step(model, data)
        loaded = data.sensordata[:2] > 20.0
        landings += int((loaded & ~standing).sum())
        standing = loaded
        if data.qpos[2] < TABLE.fall_height or data.body("base").xmat[8] < np.cos(TABLE.fall_tilt):
            return tick * TABLE.control_period, landings
    return seconds, landings


def test_it_steps_for_seconds_without_feedback(reference: ReferenceGait) -> None:
    durations = [_steps(reference, START_PHASE + offset) for offset in (-0.005, 0.0, 0.005)]
    best, landings = max(durations)
    assert best >= 2.5
    assert landings >= 5
    assert min(duration for duration, _ in durations) >= 1.9


def test_standing_targets_alone_do_not_step(reference: ReferenceGait) -> None:
    """The control of the test above: the same robot in the default pose falls, and lifts no foot before."""
    still = ReferenceGait(GAIT)
    still.targets = np.tile(TABLE.default_pose, (len(reference.targets), 1))
    duration, _ = _steps(still, START_PHASE)
    assert duration < 1.5


def test_second_half_is_the_mirror_image_of_the_first(reference: ReferenceGait) -> None:
    phase = np.linspace(0.0, 1.0, 33)
    np.testing.assert_allclose(reference.at(phase + 0.5), mirror_action(reference.at(phase)), atol=1e-12)


def test_actions_follow_the_clock_of_the_observation(reference: ReferenceGait) -> None:
    phase = np.array([0.0, 0.13, 0.5, 0.99])
    observation = np.zeros((4, OBSERVATION_SIZE))
    observation[:, OBSERVATION["clock"]] = clock(phase)
    np.testing.assert_allclose(reference.action(observation), reference.at(phase), atol=1e-9)
    assert reference.action(observation).shape == (4, ACTION_SIZE)


def test_toes_and_gains_stay_nominal_and_no_target_is_cut(reference: ReferenceGait) -> None:
    phase = np.linspace(0.0, 1.0, 80, endpoint=False)
    targets = decode_action(reference.at(phase))
    np.testing.assert_allclose(targets.position, reference.targets_at(phase), atol=1e-12)
    np.testing.assert_array_equal(targets.kp, np.tile(TABLE.kp, (80, 1)))
    toes = TABLE.toe_indices
    np.testing.assert_array_equal(targets.position[:, toes], np.tile(TABLE.default_pose[toes], (80, 1)))


def test_standing_knee_leads_and_swinging_knee_bends(reference: ReferenceGait) -> None:
    """On one leg the knee carries 127 Nm, which Kp 140 gives for 0.9 rad; the swing lifts by bending it."""
    knee = reference.targets_at(np.array([0.2, 0.7]))[:, TABLE.motor("left_knee")]
    default = TABLE.default_pose[TABLE.motor("left_knee")]
    assert knee[0] - default == pytest.approx(0.9, abs=0.05)
    assert knee[1] < default


def test_sway_is_a_periodic_pendulum() -> None:
    """Continuous at touch-downs, where it is in the middle; towards the standing foot; y'' = omega^2 (y - d)."""
    height, half, period = 0.98, 0.137, 0.8
    assert sway(np.array([0.0, 0.5]), half, height, period) == pytest.approx([0.0, 0.0], abs=1e-12)
    middle = sway(np.array([0.25, 0.75]), half, height, period)
    assert middle == pytest.approx([0.0233, -0.0233], abs=5e-4)
    step = 1e-4
    y = sway(np.array([0.1 - step, 0.1, 0.1 + step]), half, height, period)
    acceleration = (y[0] - 2.0 * y[1] + y[2]) / (step * period) ** 2
    assert acceleration == pytest.approx(9.806 / height * (y[1] - half), rel=1e-3)


def test_targets_of_the_default_gait_are_batched() -> None:
    assert reference_targets(np.array([[0.1, 0.2, 0.3]])).shape == (1, 3, 20)
    np.testing.assert_allclose(
        reference_targets(np.array(1.25)), reference_targets(np.array(0.25)), atol=1e-12
    )
