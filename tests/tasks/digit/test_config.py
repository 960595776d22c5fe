"""Settings from nested mappings."""

from __future__ import annotations

from typing import Any

import pytest

from mvp_real.errors import MvpRealError
from mvp_real.tasks.digit.config import WalkConfig, changed


def test_what_is_left_out_has_its_default() -> None:
    config = WalkConfig.from_dict({"num_envs": 4, "commands": {"forward": [0, 0.4]}, "gait": {"period": 0.7}})
    assert (config.num_envs, config.commands.forward, config.gait.period) == (4, (0.0, 0.4), 0.7)
    assert config.commands.turn == (-1.0, 1.0)


def test_changes_go_on_from_changes() -> None:
    config = WalkConfig.from_dict({"randomisation": {"rows": {"mass": 0.5}}})
    config = changed(config, {"randomisation": {"strength": 0.3, "rows": {"friction": 2.0}}})
    assert config.randomisation.rows == {"mass": 0.5, "friction": 2.0}
    assert config.randomisation.strength == 0.3


def test_none_where_it_means_the_robots_own() -> None:
    config = WalkConfig.from_dict({"timestep": 0.01, "termination": {"height": 0.5}})
    config = changed(config, {"timestep": None, "termination": {"height": None}})
    assert config.timestep is None
    assert config.termination.height is None


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"num_env": 3}, "did you mean num_envs"),
        ({"engine": "isaacgym"}, "unknown engine.*did you mean isaac_gym"),
        ({"device": "cuda"}, "'mujoco' runs on the CPU"),
        ({"gait": {"perod": 1.0}}, "environment.gait.*did you mean period"),
        ({"gait": 0.8}, "environment.gait is 0.8"),
        ({"num_envs": 2.5}, "whole number"),
        ({"num_envs": "many"}, "needs a number"),
        ({"gait": {"period": float("nan")}}, "needs a number"),
        ({"joint_friction": 1}, "needs a bool"),
        ({"commands": {"forward": [0.0]}}, "needs 2 numbers"),
        ({"model": "ful"}, "did you mean full"),
        ({"terrain": {"rough_share": 0.7, "slope_share": 0.7}}, "at most 1"),
        ({"randomisation": {"rows": {"mas": 1.0}}}, "did you mean mass"),
    ],
)
def test_mistakes_are_named(values: dict[str, Any], message: str) -> None:
    with pytest.raises(MvpRealError, match=message):
        WalkConfig.from_dict(values)
