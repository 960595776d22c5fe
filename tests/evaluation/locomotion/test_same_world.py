"""The evaluation and the training environment simulate the same robot: equal start, equal actions, equal motion."""

from __future__ import annotations

import numpy as np
import pytest

from mvp_real.evaluation.locomotion import arena as arena_module
from mvp_real.evaluation.locomotion.rollout import run_row
from mvp_real.evaluation.locomotion.subjects import OpenLoop
from mvp_real.tasks.digit.commands import CommandRanges
from mvp_real.tasks.digit.config import Start, WalkConfig
from mvp_real.tasks.digit.environment import WalkEnvironment
from mvp_real.tasks.digit.randomisation import Randomisation

from .test_rollout import NOMINAL, row

STILL = Start(joint=0.0, linear_velocity=0.0, angular_velocity=0.0, random_heading=False, random_phase=False)
STEPS = 15


def test_the_full_model_of_training_walks_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arena_module, "START", STILL)
    gait = OpenLoop()
    walk = run_row(row(robots=1, seconds=0.02 * STEPS), NOMINAL, gait, 0.1, threads=1)
    nothing = (0.0, 0.0)
    environment = WalkEnvironment(
        WalkConfig(
            num_envs=1,
            model="full",
            start=STILL,
            commands=CommandRanges(nothing, nothing, nothing),
            randomisation=Randomisation(strength=0.0),
        )
    )
    observation = environment.reset().observation
    for step in range(STEPS):
        action = gait(observation.astype(np.float64), np.zeros((1, 36)), np.zeros(1, dtype=bool))
        observation = environment.step(action).observations.observation
        motion = environment.simulation.motion()
        np.testing.assert_allclose(motion.place, walk.position[step], atol=1e-4)
        np.testing.assert_allclose(motion.motor_position, walk.motor_position[step], atol=1e-3)
        np.testing.assert_allclose(motion.foot_force, walk.force[step], rtol=0.02, atol=5.0)
    environment.close()
