"""Success needs eleven steps in a row at 10 cm; failures are told apart."""

from __future__ import annotations

import numpy as np
import pytest

from mvp_real.tasks.outcome import OutcomeTracker
from mvp_real.tasks.pick_fruit import load_task

TOOL = np.array([0.4, 0.0, 0.1])


def tracker() -> OutcomeTracker:
    return OutcomeTracker(load_task(), 0.85)


def observe(
    follow: OutcomeTracker, height: float, steps: int, opening: float = 0.5, aside: float = 0.0
) -> None:
    for _ in range(steps):
        follow.observe(np.array([0.4 + aside, 0.0, height]), TOOL, opening)


@pytest.mark.parametrize(("steps", "success"), [(10, False), (11, True)])
def test_success_after_eleven_steps(steps: int, success: bool) -> None:
    follow = tracker()
    observe(follow, 0.02, 10, opening=1.0)
    observe(follow, 0.101, steps)
    outcome = follow.outcome(False)
    assert outcome.success is success
    assert outcome.done is success
    assert outcome.failure_category == ("" if success else "timeout")


def test_a_drop_starts_the_count_again() -> None:
    follow = tracker()
    for _ in range(3):
        observe(follow, 0.12, 10)
        observe(follow, 0.05, 1)
    assert not follow.outcome(False).success


def test_success_is_latched() -> None:
    follow = tracker()
    observe(follow, 0.12, 11)
    observe(follow, 0.02, 5)
    assert follow.outcome(False).success


def test_too_late_is_no_success() -> None:
    follow = tracker()
    observe(follow, 0.02, 50, opening=1.0)
    observe(follow, 0.12, 11)  # the eleventh is step 61
    outcome = follow.outcome(False)
    assert not outcome.success
    assert outcome.done
    assert outcome.failure_category == "timeout"


def test_categories() -> None:
    never_closed, missed, slipped, blown = (tracker() for _ in range(4))
    observe(never_closed, 0.02, 60, opening=1.0)
    observe(missed, 0.02, 60, aside=0.04)
    observe(slipped, 0.02, 60, aside=0.01)
    observe(blown, 0.02, 3)
    assert never_closed.outcome(False).failure_category == "timeout"
    assert missed.outcome(False).failure_category == "perception_miss"
    assert missed.outcome(False).closing_distance == pytest.approx(0.04)
    assert slipped.outcome(False).failure_category == "grasp_slip"
    assert blown.outcome(True).failure_category == "diverged"
    assert blown.outcome(True).done
