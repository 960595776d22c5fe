"""Stages of the walking curriculum."""

from __future__ import annotations

import numpy as np
import pytest

from mvp_real.errors import MvpRealError
from mvp_real.tasks.digit.config import WalkConfig
from mvp_real.tasks.digit.curriculum import Stage, StagedWalk, stages_from

WIDER = Stage({"commands": {"forward": [-0.3, 1.0]}}, samples=1000, falls=0.5)


def walk(*stages: Stage) -> StagedWalk:
    return StagedWalk(WalkConfig(num_envs=2, threads=1), stages)


def rows(falls: int, count: int, start: int = 0) -> list[dict[str, int]]:
    return [{"samples": start + 500 * (number + 1), "falls": falls} for number in range(count)]


def test_a_stage_waits_for_its_samples() -> None:
    environment = walk(WIDER)
    stages = [environment.curriculum(row)["stage"] for row in rows(0, 3)]
    assert stages == [0, 1, 1]
    assert environment.config.commands.forward == (-0.3, 1.0)


def test_a_stage_waits_until_few_robots_fall() -> None:
    environment = walk(WIDER)
    for row in rows(5, 20):
        figures = environment.curriculum(row)
    assert figures["falls_per_20s"] == pytest.approx(5 * 20.0 / (500 * 0.02))
    assert environment.stage == 0
    for row in rows(0, 60, start=20 * 500):
        environment.curriculum(row)
    assert environment.stage == 1


def test_a_second_stage_counts_from_the_first() -> None:
    environment = walk(WIDER, Stage({"pushes": {"speed": 0.5}}, samples=1000))
    stages = [environment.curriculum(row)["stage"] for row in rows(0, 5)]
    assert stages == [0, 1, 1, 2, 2]
    assert environment.config.pushes.speed == 0.5
    assert environment.config.commands.forward == (-0.3, 1.0)


def test_a_restored_environment_is_at_the_same_place() -> None:
    one, other = walk(WIDER), walk(WIDER)
    one.reset()
    for row in rows(1, 1):
        one.curriculum(row)
    other.restore(one.random_state())
    later = rows(0, 1, start=500)[0]
    assert one.curriculum(later) == other.curriculum(later)
    np.testing.assert_array_equal(one.step(np.zeros((2, 36))).reward, other.step(np.zeros((2, 36))).reward)


def test_a_wrong_stage_is_found_before_anything_runs() -> None:
    with pytest.raises(
        MvpRealError, match=r"unknown key in environment.commands 'foward'; did you mean forward"
    ):
        walk(Stage({"commands": {"foward": [0.0, 1.0]}}))
    with pytest.raises(MvpRealError, match=r"unknown key in .*'sample'; did you mean samples"):
        stages_from([{"sample": 3}])
