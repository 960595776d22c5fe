"""Both models compiled once; tests make their own states, and copies where they change the model."""

from __future__ import annotations

import mujoco
import pytest

from mvp_real.sim.digit import full_model, reduced_model


@pytest.fixture(scope="session")
def full() -> mujoco.MjModel:
    """The full model, as published."""
    return full_model().compile()


@pytest.fixture(scope="session")
def reduced() -> mujoco.MjModel:
    """The reduced model, as published."""
    return reduced_model().compile()


@pytest.fixture(scope="session", params=["full", "reduced"])
def either(request: pytest.FixtureRequest) -> mujoco.MjModel:
    """First the full, then the reduced model."""
    return request.getfixturevalue(request.param)
