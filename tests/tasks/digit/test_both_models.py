"""What the privileged state says of the same robot on either model."""

from __future__ import annotations

import numpy as np

from mvp_real.tasks.digit.config import WalkConfig
from mvp_real.tasks.digit.environment import WalkEnvironment
from mvp_real.tasks.digit.privileged import STATE

AT_REST = {
    "num_envs": 1,
    "threads": 1,
    "randomisation": {"strength": 0.0},
    "start": {"joint": 0.0, "linear_velocity": 0.0, "angular_velocity": 0.0, "random_heading": False},
}


def landed(model: str) -> np.ndarray:
    """The state (480,) 0.1 s after the robot was set on the ground with bent toes."""
    environment = WalkEnvironment(WalkConfig.from_dict({**AT_REST, "model": model}))
    environment.reset()
    for _ in range(5):
        state = environment.step(np.zeros((1, 36))).observations.state[0]
    environment.close()
    return state


def test_torques_of_the_toes_mean_the_same() -> None:
    reduced, full = (landed(model)[STATE["torque"]] for model in ("reduced", "full"))
    # Toes A and B of the full model both carry; what the state holds is what they do to the foot's pitch and roll.
    assert reduced[4] > 0.2
    np.testing.assert_allclose(full, reduced, atol=0.05)
