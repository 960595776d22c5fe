from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvp_real.evaluation.statistics import mcnemar_p
from mvp_real.evaluation.summary import (
    comparison_records,
    comparison_rows,
    paired_outcomes,
    placement_set,
    result_rows,
    success_rows,
)

from .trial_fixture import trial, trials_of


def test_placement_sets() -> None:
    assert placement_set("evaluation-03") == "evaluation"
    assert placement_set("random-900000-017") == "random-900000"


def test_rates_failures_and_medians() -> None:
    trials = [
        trial(index=0),
        trial(index=1, success=False, category="grasp_slip", lateral_miss=0.008),
        trial(index=2, success=False, lateral_miss=0.05),
        trial(index=3, success=False, category="timeout", lateral_miss=None),
    ]
    (row,) = success_rows(trials)
    assert (row.rate.k, row.rate.n) == (1, 4)
    assert row.categories == {"grasp_slip": 1, "perception_miss": 1, "timeout": 1}
    assert row.median_miss == pytest.approx(0.008)
    assert row.median_duration == 6.0


@given(st.integers(0, 15), st.integers(0, 15))
def test_only_placements_that_both_finished_are_compared(first: int, second: int) -> None:
    trials = [trial("a", i) for i in range(first)] + [trial("b", i, success=False) for i in range(second)]
    a, b, placements = paired_outcomes(trials, "a", "b")
    assert len(a) == len(b) == len(placements) == min(first, second)
    assert all(a)
    assert not any(b)


def test_comparisons_are_corrected_within_their_scene() -> None:
    trials = trials_of({"good": 1.0, "bad": 0.0, "ugly": 0.0}, scenes=("plain", "varied"))
    rows = comparison_rows(trials)
    assert len(rows) == 6
    for row in rows:
        if "good" in (row.first, row.second):
            assert row.paired.p == mcnemar_p(16, 0)
            assert row.holm == pytest.approx(3 * row.paired.p)
        else:
            assert row.holm == 1.0


def test_scenes_sets_and_ways_of_running_are_never_pooled() -> None:
    trials = [
        trial(index=0),
        trial(index=0, scene="varied", success=False),
        trial(index=0, through="nodes"),
        trial(placement="random-9-000"),
    ]
    rows = result_rows(success_rows(trials))
    assert [row["n"] for row in rows] == [1, 1, 1, 1]
    assert {row["metric"] for row in rows} == {
        "success_plain_validation_process",
        "success_varied_validation_process",
        "success_plain_validation_nodes",
        "success_plain_random-9_process",
    }


def test_records_are_plain() -> None:
    records = comparison_records(trials_of({"a": 0.9, "b": 0.2}))
    assert records[0]["first"] == "a"
    assert records[0]["n"] == 16
    assert records[0]["difference"] == pytest.approx(
        (records[0]["first_only"] - records[0]["second_only"]) / 16
    )
