from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mvp_real.evaluation.placements import NamedSetup, named_setups
from mvp_real.evaluation.protocol import Trial
from mvp_real.evaluation.rollout import Rollout
from mvp_real.evaluation.subjects import Subject, load_subject
from mvp_real.evaluation.trials import TrialRecord

from .constant_controller import constant_controller

STILL = [0.0] * 8
DOWN = [0.0, 0.1, 0.0, 0.0, 0.0, 0.1, 0.0, 0.0]
TURN = [0.1] + [0.0] * 7
CLOSING = [0.0] * 7 + [-0.2]
SETUP = named_setups("validation", "plain")[0]


@pytest.fixture(scope="module")
def rollout() -> Iterator[Rollout]:
    runner = Rollout()
    yield runner
    runner.close()


def run(rollout: Rollout, subject: Subject, setup: NamedSetup = SETUP) -> TrialRecord:
    return rollout.run(Trial(subject, setup, 0))


def test_a_policy_that_does_nothing_runs_into_the_time_limit(rollout: Rollout, tmp_path: Path) -> None:
    record = run(rollout, load_subject(str(constant_controller(tmp_path / "still", STILL))))
    assert (record.success, record.category, record.steps) == (False, "timeout", 60)
    assert record.duration == pytest.approx(12.0)
    assert record.lateral_miss is None
    assert record.reason == ""
    assert len(record.digest) == 64


def test_closing_beside_the_fruit_is_a_perception_miss_by_the_measured_distance(
    rollout: Rollout, tmp_path: Path
) -> None:
    record = run(rollout, load_subject(str(constant_controller(tmp_path / "closing", CLOSING))))
    assert record.category == "perception_miss"
    placement = SETUP.setup.placement
    beside = math.hypot(placement.x - 0.41, placement.y)  # the tool starts above (0.41, 0)
    assert record.lateral_miss == pytest.approx(beside, abs=0.003)


def test_an_action_that_is_no_number_ends_the_trial_with_its_reason(rollout: Rollout, tmp_path: Path) -> None:
    record = run(rollout, load_subject(str(constant_controller(tmp_path / "nan", [math.nan] * 8))))
    assert record.category == "stale_input"
    assert "not finite" in record.reason
    assert record.steps < 5


def test_a_policy_held_by_the_limiter_says_why(rollout: Rollout, tmp_path: Path) -> None:
    record = run(rollout, load_subject(str(constant_controller(tmp_path / "down", DOWN))))
    assert record.category == "limit_stop"
    assert "workspace" in record.reason
    assert record.steps == 60


def test_the_limiter_ends_a_policy_that_pushes_against_a_limit(rollout: Rollout, tmp_path: Path) -> None:
    record = run(rollout, load_subject(str(constant_controller(tmp_path / "turn", TURN, (0.02,) * 7))))
    assert record.category == "limit_stop"
    assert "clamped" in record.reason
    assert record.steps < 10


@pytest.mark.parametrize("scene", ["plain", "varied"])
def test_the_scripted_expert_succeeds(rollout: Rollout, scene: str) -> None:
    record = run(rollout, load_subject("expert"), named_setups("validation", scene)[2])
    assert record.success, record
    assert record.height is not None
    assert record.height > 0.1
    assert record.lateral_miss is not None
    assert record.lateral_miss < 0.01
    assert record.digest == ""


def test_trials_do_not_leak_into_each_other(rollout: Rollout, tmp_path: Path) -> None:
    """The same trial gives the same record, bit for bit, whatever ran in the same world in between."""
    closing = load_subject(str(constant_controller(tmp_path / "closing", CLOSING)))
    varied = named_setups("validation", "varied")[5]
    first = run(rollout, closing)
    run(rollout, load_subject("expert"), varied)
    again = run(rollout, closing)
    assert replace(first, wall=0.0, finished="") == replace(again, wall=0.0, finished="")


@pytest.mark.render
def test_clips_are_written_beside_the_log(tmp_path: Path) -> None:
    runner = Rollout(tmp_path / "clips")
    try:
        still = load_subject(str(constant_controller(tmp_path / "nan", [math.nan] * 8)))
        record = runner.run(Trial(still, SETUP, 0))
    finally:
        runner.close()
    assert record.clip == "clips/nan_plain_validation-00.mp4"
    assert (tmp_path / record.clip).stat().st_size > 1000
