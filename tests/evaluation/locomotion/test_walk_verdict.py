"""Every rule on trials with known answers."""

from __future__ import annotations

from typing import Any

import pytest

from mvp_real.evaluation.locomotion.condition import Condition, GainDrop, Sweep
from mvp_real.evaluation.locomotion.walk_study import WalkClaim
from mvp_real.evaluation.locomotion.walk_trial import WalkTrial
from mvp_real.evaluation.locomotion.walk_verdict import RULES
from mvp_real.evaluation.verdict import Verdict

from .synthetic import condition, trial

ROW = condition("row", robots=10)


def answer(kind: str, rows: list[Condition], trials: list[WalkTrial], **rule: Any) -> Verdict:
    grouped: dict[tuple[str, str], list[WalkTrial]] = {}
    for one in trials:
        grouped.setdefault((one.subject, one.row), []).append(one)
    claim = WalkClaim("claim", kind, "So.", {"subject": "a", **rule})
    return RULES[kind].decide(claim, rows, grouped)


def passing(k: int, n: int = 10, subject: str = "a", row: str = "row", **changes: Any) -> list[WalkTrial]:
    return [trial(subject, row, index, success=index < k, **changes) for index in range(n)]


@pytest.mark.parametrize(
    ("k", "n", "expected"),
    [
        (9, 10, "supported"),
        (8, 10, "not supported"),
        (8, 9, "inconclusive"),
        (9, 9, "supported"),
        (6, 8, "not supported"),
    ],
)
def test_at_least(k: int, n: int, expected: str) -> None:
    verdict = answer("at_least", [ROW], passing(k, n), minimum=0.9)
    assert verdict.answer == expected
    assert verdict.complete == (n == 10)


def test_at_least_asks_of_each_row_or_of_all_together() -> None:
    rows = [ROW, condition("other", robots=10)]
    trials = passing(10) + passing(6, row="other")
    assert answer("at_least", rows, trials, minimum=0.8).answer == "not supported"
    assert answer("at_least", rows, trials, minimum=0.8, pooled=True).answer == "supported"


def test_at_least_can_look_at_the_first_robots_only() -> None:
    verdict = answer("at_least", [ROW], passing(5), minimum=1.0, first=5)
    assert verdict.answer == "supported"
    assert (verdict.evidence[0]["k"], verdict.evidence[0]["n"]) == (5, 5)
    assert answer("at_least", [ROW], passing(4), minimum=1.0, first=5).answer == "not supported"


def test_settled_is_another_outcome_than_passed() -> None:
    trials = [trial(row="row", index=k, measures={"settled": float(k < 4)}) for k in range(10)]
    assert answer("at_least", [ROW], trials, minimum=0.9).answer == "supported"
    assert answer("at_least", [ROW], trials, minimum=0.9, outcome="settled").answer == "not supported"


def test_a_mean_is_at_most_its_bound_in_each_row() -> None:
    rule = {"measure": "speed_error", "maximum": 0.05}
    assert answer("mean_at_most", [ROW], passing(10), **rule).answer == "supported"
    assert (
        answer("mean_at_most", [ROW], passing(10), measure="speed_error", maximum=0.04).answer
        == "not supported"
    )
    assert answer("mean_at_most", [ROW], passing(9, 9), **rule).answer == "inconclusive"
    assert answer("mean_at_most", [ROW], passing(10, measures={}), **rule).answer == "not supported"


def test_each_robot_is_within_a_bound() -> None:
    trials = [trial(row="row", index=k, measures={"speed": 0.5 + 0.05 * k}) for k in range(10)]
    assert answer("each_at_most", [ROW], trials, measure="speed", maximum=1.0).answer == "supported"
    assert answer("each_at_most", [ROW], trials, measure="speed", maximum=0.9).answer == "not supported"
    assert answer("each_at_most", [ROW], trials[:5], measure="speed", maximum=1.0).answer == "inconclusive"
    assert answer("each_at_most", [ROW], trials[5:], measure="speed", maximum=0.9).answer == "not supported"


BEATS = {"alpha": 0.05, "margin": 0.05}


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [(10, 2, "supported"), (10, 6, "inconclusive"), (6, 6, "not supported"), (1, 10, "not supported")],
)
def test_beats(first: int, second: int, expected: str) -> None:
    trials = passing(first) + passing(second, subject="b")
    assert answer("beats", [ROW], trials, others=["b"], **BEATS).answer == expected


def test_several_contrasts_share_their_error() -> None:
    """Six wins of ten have p = 0.031: enough alone, not among three."""
    trials = passing(10) + [one for name in "bcd" for one in passing(4, subject=name)]
    assert answer("beats", [ROW], trials, others=["b"], **BEATS).answer == "supported"
    verdict = answer("beats", [ROW], trials, others=["b", "c", "d"], **BEATS)
    assert verdict.answer == "inconclusive"
    assert [record["holm"] for record in verdict.evidence] == pytest.approx([0.09375] * 3)


def test_contrasts_wait_for_every_pair() -> None:
    trials = passing(10) + passing(0, 9, subject="b")
    verdict = answer("beats", [ROW], trials, others=["b"], **BEATS)
    assert verdict.answer == "inconclusive"
    assert not verdict.complete


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [(10, 10, "supported"), (9, 10, "inconclusive"), (0, 10, "not supported")],
)
def test_not_worse(first: int, second: int, expected: str) -> None:
    trials = passing(first) + passing(second, subject="b")
    assert answer("not_worse", [ROW], trials, others=["b"], margin=0.05).answer == expected


WEAK = condition("row", robots=4, gain_drop=GainDrop("left_knee", 0.5, 5.0))


def recovering(bins: int, fallen: int = 0) -> list[WalkTrial]:
    """Robots whose error is doubled for so many bins after the drop."""
    error = [0.1] * 8 + [0.2] * bins + [0.1] * (10 - bins)
    series = {"bins": [8, 18], "error": error, "tilt": [0.01] * 18}
    return [trial(row="row", index=k, success=k >= fallen, series=series) for k in range(4)]


@pytest.mark.parametrize(
    ("bins", "fallen", "expected"),
    [(0, 0, "supported"), (4, 0, "supported"), (5, 0, "not supported"), (0, 1, "not supported")],
)
def test_recovers(bins: int, fallen: int, expected: str) -> None:
    verdict = answer("recovers", [WEAK], recovering(bins, fallen), seconds=2.0, minimum=0.9)
    assert verdict.answer == expected
    assert verdict.evidence[0]["seconds"] == 0.5 * bins


def test_never_recovering_is_written_as_nothing() -> None:
    verdict = answer("recovers", [WEAK], recovering(10), seconds=2.0, minimum=0.9)
    assert verdict.answer == "not supported"
    assert verdict.evidence[0]["seconds"] is None


def swing(contralateral: float, ipsilateral: float = -0.9, amplitude: float = 0.2) -> list[WalkTrial]:
    measures = {
        "arm_contralateral": contralateral,
        "arm_ipsilateral": ipsilateral,
        "arm_amplitude": amplitude,
    }
    return [trial(row="row", index=k, measures=measures) for k in range(10)]


@pytest.mark.parametrize(
    ("trials", "expected"),
    [
        (swing(0.8), "supported"),
        (swing(0.3), "not supported"),
        (swing(0.8, ipsilateral=0.9), "not supported"),
        (swing(0.8, amplitude=0.01), "not supported"),
        (swing(0.8)[:9], "inconclusive"),
        (passing(10), "not supported"),
    ],
)
def test_arm_swing(trials: list[WalkTrial], expected: str) -> None:
    assert answer("arm_swing", [ROW], trials, correlation=0.5, amplitude=0.05).answer == expected


def test_fastest() -> None:
    row = condition("row", robots=1, commands=(), sweep=Sweep("forward", 0.1, 0.3, 0.1))
    trials = [trial(row="row", index=k, success=k < 2, command=(0.1 * (k + 1), 0.0, 0.0)) for k in range(3)]
    assert answer("fastest", [row], trials, minimum=0.2).answer == "supported"
    assert answer("fastest", [row], trials, minimum=0.3).answer == "not supported"
    assert answer("fastest", [row], trials[:1], minimum=0.1).answer == "inconclusive"


def test_every_rule_tells_its_needs() -> None:
    for name, rule in RULES.items():
        assert {"rows", "subject"} <= set(rule.needed), name
        assert rule.decide.__doc__, name
