from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mvp_real.errors import MvpRealError
from mvp_real.evaluation.locomotion.condition import GainDrop
from mvp_real.evaluation.locomotion.measures import bins_of_trial, trials_of
from mvp_real.evaluation.locomotion.trajectory import ENDS, load_traces, save_traces

from .synthetic import condition, trajectory


def test_every_robot_becomes_a_trial() -> None:
    walk = trajectory(robots=4)
    walk.end[1], walk.steps[1] = ENDS.index("fell"), 150
    walk.end[2], walk.steps[2] = ENDS.index("diverged"), 1
    trials = trials_of(walk, condition(), "p", "policy", "bundle", "ab", 1.5)
    assert [one.category for one in trials] == ["", "fell", "diverged", ""]
    assert [one.success for one in trials] == [True, False, False, True]
    assert trials[1].seconds == pytest.approx(3.0)
    assert trials[0].measures["speed_error"] == pytest.approx(0.0, abs=1e-6)
    assert trials[0].measures["distance"] == pytest.approx(0.3 * 9.98, abs=1e-4)
    assert "speed_error" not in trials[2].measures
    assert {one.subject for one in trials} == {"policy"}


def test_a_goal_asks_for_both_feet() -> None:
    walk = trajectory(robots=2)  # 3 m in 10 s
    walk.sole[:, 1, 0, 0] = 0.0  # a foot that stays behind
    trials = trials_of(walk, condition(robots=2, goal=2.5), "", "a", "", "", 0.0)
    assert [one.category for one in trials] == ["", "not_passed"]


def test_a_goal_counts_from_the_start() -> None:
    walk = trajectory()
    walk.position[..., 0] += 10.0
    walk.sole[..., 0] += 10.0
    (one,) = trials_of(walk, condition(robots=1, goal=3.5), "", "a", "", "", 0.0)
    assert one.category == "not_passed"


def test_recovery_is_there_or_absent() -> None:
    walk = trajectory(robots=2)
    walk.velocity[..., 0] = 0.4
    walk.velocity[250:, 1, 0] = 0.9
    row = condition(robots=2, gain_drop=GainDrop("left_knee", 0.5, 5.0))
    first, second = trials_of(walk, row, "", "a", "", "", 0.0)
    assert first.measures["recovery"] == 0.0
    assert "recovery" not in second.measures
    assert (first.measures["settled"], second.measures["settled"]) == (1.0, 0.0)
    bins = bins_of_trial(first)
    assert bins is not None
    assert (bins.before, bins.planned, len(bins.error)) == (8, 18, 18)
    assert bins.error[0] == pytest.approx(0.1)
    (other,) = trials_of(trajectory(), condition(robots=1), "", "a", "", "", 0.0)
    assert bins_of_trial(other) is None


def test_traces_come_back(tmp_path: Path) -> None:
    walk = trajectory(robots=2)
    walk.kicked[30, 1] = True
    back = load_traces(save_traces(walk, tmp_path / "row.npz"))
    np.testing.assert_allclose(back.velocity, walk.velocity, atol=1e-6)
    np.testing.assert_array_equal(back.kicked, walk.kicked)
    assert (back.period, back.settling, back.robots) == (walk.period, walk.settling, 2)
    np.testing.assert_allclose(back.tilt, 0.0, atol=1e-6)


def test_a_file_that_holds_no_traces_says_so(tmp_path: Path) -> None:
    path = tmp_path / "row.npz"
    np.savez(path, something=np.zeros(3))
    with pytest.raises(MvpRealError, match="run its row again"):
        load_traces(path)
