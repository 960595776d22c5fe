"""A run of seconds on the point mass."""

from __future__ import annotations

import pytest

from mvp_real.training.rl.config import RlConfig, settings_from

SETTINGS = {
    "iterations": 28,
    "ppo": {
        "steps": 20,
        "epochs": 4,
        "minibatches": 2,
        "actor_schedule": "adaptive",
        "critic_learning_rate": 2e-3,
    },
    "actor": {"hidden": [32, 32], "std_floor": 0.05},
    "critic": {"hidden": [32, 32]},
    "checkpoint_minutes": 60,
}


def settings(**changes: object) -> RlConfig:
    """SETTINGS with some sections or fields changed."""
    merged: dict[str, object] = dict(SETTINGS)
    for name, value in changes.items():
        old = merged.get(name)
        merged[name] = {**old, **value} if isinstance(old, dict) and isinstance(value, dict) else value
    return settings_from(RlConfig, merged)


@pytest.fixture
def config() -> RlConfig:
    return settings()
