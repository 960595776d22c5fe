"""The walking environment on another engine than its own: Isaac Gym's, in the shape of its recording stand-in."""

from __future__ import annotations

import numpy as np
import pytest

from mvp_real.sim import isaac_gym_backend
from mvp_real.tasks.digit.config import WalkConfig
from mvp_real.tasks.digit.environment import WalkEnvironment
from tests.sim.recording_isaac_gym import LocalIsaacGym, install

SETTINGS = {"num_envs": 2, "joint_friction": False, "timestep": 0.0025, "randomisation": {"strength": 0.5}}


def test_walking_on_isaac_gym_is_much_like_on_mujoco(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same robots, drawn masses, gains and gravity; after ten steps they stand where MuJoCo's do."""
    gym = install(monkeypatch)
    monkeypatch.setattr(isaac_gym_backend, "IsaacGymProcess", lambda python: LocalIsaacGym())
    ours = WalkEnvironment(WalkConfig.from_dict({**SETTINGS, "engine": "isaac_gym"}))
    theirs = WalkEnvironment(WalkConfig.from_dict(SETTINGS))
    np.testing.assert_allclose(ours.reset().observation, theirs.reset().observation, atol=1e-9)
    random = np.random.default_rng(0)
    for _ in range(10):
        action = random.normal(0.0, 0.1, (2, 36))
        one, other = ours.step(action), theirs.step(action)
        np.testing.assert_allclose(one.reward, other.reward, atol=0.01)
        assert not one.terminated.any()
    place = [engine.simulation.backend.data_field("qpos")[:, :7] for engine in (ours, theirs)]
    np.testing.assert_allclose(place[0], place[1], atol=0.01)
    assert gym.names().count("set_actor_rigid_body_properties") >= 2  # masses were drawn
    ours.close()
    theirs.close()
