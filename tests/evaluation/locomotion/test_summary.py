from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from mvp_real.evaluation.locomotion.condition import Hold, Sweep
from mvp_real.evaluation.locomotion.results import (
    STEPS,
    SubjectNote,
    WalkReport,
    results_document,
    write_results,
)
from mvp_real.evaluation.locomotion.summary import (
    comparisons,
    fastest_command,
    mirror_ratio,
    row_result,
    row_results,
)

from .synthetic import condition, trial


def test_a_row_reports_rate_means_and_demands() -> None:
    row = condition(robots=4, hold=Hold(survival=0.75, speed_error=0.04))
    trials = [trial(index=k, success=k > 0) for k in range(4)]
    result = row_result(trials, row)
    assert (result.rate.k, result.rate.n) == (3, 4)
    assert result.categories == {"fell": 1}
    assert result.outcomes == "0111"
    assert result.means["speed_error"].value == pytest.approx(0.05)
    survival, error = result.demands
    assert survival.reached
    assert not error.reached
    assert result.verdict == "missed"


def test_a_demand_that_could_not_be_measured_is_missed() -> None:
    trials = [trial(index=k, success=False, measures={}) for k in range(4)]
    result = row_result(trials, condition(hold=Hold(speed_error=0.1)))
    assert result.verdict == "missed"
    assert result.demands[0].value is None


def test_a_row_without_demands_has_no_verdict() -> None:
    assert row_result([trial()], condition(robots=1, hold=Hold())).verdict == ""


def test_results_follow_the_protocol() -> None:
    rows = {name: condition(name) for name in ("first", "second")}
    trials = [trial(subject, row) for row in ("second", "first") for subject in ("b", "a")]
    assert [(r.row, r.subject) for r in row_results(trials, rows)] == [
        ("first", "b"), ("first", "a"), ("second", "b"), ("second", "a"),
    ]  # fmt: skip


def test_pairs_meet_the_same_robots() -> None:
    rows = {"forward": condition(robots=10)}
    trials = [trial("a", index=k) for k in range(10)] + [
        trial("b", index=k, success=k < 3) for k in range(10)
    ]
    (pair,) = comparisons(trials, rows)
    assert (pair.paired.first_only, pair.paired.second_only, pair.paired.n) == (7, 0, 10)
    assert pair.paired.p == pytest.approx(2 / 2**7)
    shifted = [trial("c", index=k, seed=100 + k) for k in range(10)]
    assert comparisons([*trials[:10], *shifted], rows) == []


def sweep_trials(survivors: dict[float, int]) -> list:
    found = []
    for place, (command, alive) in enumerate(survivors.items()):
        found += [
            trial(
                index=3 * place + k,
                success=k < alive,
                command=(command, 0.0, 0.0),
                measures={"forward": 0.9 * command},
            )
            for k in range(3)
        ]
    return found


@pytest.mark.parametrize(
    ("survivors", "fastest"),
    [
        ({0.1: 3, 0.2: 3, 0.3: 3}, 0.3),
        ({0.1: 3, 0.2: 2, 0.3: 3}, 0.1),
        ({0.1: 3, 0.2: 3, 0.3: 0}, 0.2),
        ({0.1: 0, 0.2: 3, 0.3: 3}, 0.0),
    ],
)
def test_the_fastest_command_is_the_last_before_the_first_fall(
    survivors: dict[float, int], fastest: float
) -> None:
    row = condition("fastest", robots=3, commands=(), sweep=Sweep("forward", 0.1, 0.3, 0.1))
    found = fastest_command(sweep_trials(survivors), row)
    assert found is not None
    assert found[0] == fastest
    assert found[1] == (pytest.approx(0.9 * fastest) if fastest else None)
    assert fastest_command(sweep_trials({0.1: 3}), row) is None


def test_the_ratio_of_the_sides_is_taken_robot_by_robot() -> None:
    left = [trial(index=k, measures={"sideways": 0.2 + 0.1 * k}) for k in range(2)]
    right = [trial(index=k, measures={"sideways": -0.2}) for k in range(2)]
    ratio = mirror_ratio(left, right, "sideways")
    assert ratio is not None
    assert ratio.value == pytest.approx(1.25)
    assert mirror_ratio(left, [], "sideways") is None


def report() -> WalkReport:
    rows = {
        "forward": condition(robots=4),
        **{name: condition(name, robots=6, group="steps") for name in STEPS},
    }
    trials = [trial("a", "forward", k) for k in range(4)]
    # Five robots a height count, as in the thesis; the sixth always passes.
    trials += [trial("a", row, k, success=row == STEPS[0] or k == 5) for row in STEPS for k in range(6)]
    return WalkReport(
        "T", "L", "mvp_real evaluate", rows, "validation", [SubjectNote("a", "x", "a", "0")], trials, {}
    )


def test_results_have_the_columns_of_every_study(tmp_path: Path) -> None:
    document = json.loads(write_results(report(), tmp_path).read_text())
    assert document == json.loads(json.dumps(results_document(report())))
    rows = {row["metric"]: row for row in document["rows"]}
    for row in rows.values():
        assert {"subject", "metric", "k", "n", "value", "low", "high", "seeds", "verdict"} <= row.keys()
    assert (rows["passed_forward"]["k"], rows["passed_forward"]["n"]) == (4, 4)
    assert rows["passed_forward"]["verdict"] == "reached"
    assert (rows["passed_steps"]["k"], rows["passed_steps"]["n"]) == (5, 20)
    assert rows["speed_error_forward"]["value"] == pytest.approx(0.05)
    assert document["complete"] is True


def test_an_incomplete_report_says_so() -> None:
    whole = report()
    part = dataclasses.replace(whole, trials=whole.trials[:-2])
    assert not part.complete
    assert part.steps_passed("a") is None
