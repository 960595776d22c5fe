"""The rules of walking studies: each turns finished trials into supported, not supported or inconclusive.

While trials are missing a claim is inconclusive, unless the missing ones cannot change the answer any more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mvp_real.evaluation.locomotion.condition import Condition
from mvp_real.evaluation.locomotion.measures import bins_of_trial
from mvp_real.evaluation.locomotion.recovery import recovery
from mvp_real.evaluation.locomotion.summary import fastest_command, mean_of
from mvp_real.evaluation.locomotion.walk_study import WalkClaim, WalkStudy
from mvp_real.evaluation.locomotion.walk_trial import WalkTrial
from mvp_real.evaluation.statistics import bootstrap_mean, compare_paired, holm, proportion
from mvp_real.evaluation.verdict import INCONCLUSIVE, NOT_SUPPORTED, SUPPORTED, Verdict

Trials = Mapping[tuple[str, str], Sequence[WalkTrial]]


@dataclass(frozen=True)
class Rule:
    """A kind of claim: what its `rule` mapping must and may hold, and how it is decided."""

    needed: tuple[str, ...]
    optional: tuple[str, ...]
    decide: Callable[[WalkClaim, list[Condition], Trials], Verdict]


def decide(claim: WalkClaim, study: WalkStudy, trials: Trials) -> Verdict:
    """Apply the rule of a claim to the trials by (policy, row)."""
    return RULES[claim.kind].decide(claim, study.rows(tuple(claim.rule["rows"])), trials)


def outcome(trial: WalkTrial, what: str) -> bool:
    """ "passed", or "settled": on its feet, error and tilt much as before a gain drop (`recovery.Bins.settled`)."""
    return trial.success if what == "passed" else trial.measures.get("settled", 0.0) == 1.0


def _at_least(claim: WalkClaim, rows: list[Condition], trials: Trials) -> Verdict:
    """`minimum` (a share) of the robots or more pass, in each row; of all rows together if `pooled`.

    `first` counts only so many robots per command, `outcome` is "passed" or "settled".
    """
    rule = claim.rule
    groups = [rows] if rule.get("pooled") else [[row] for row in rows]
    evidence, answers, complete = [], [], True
    for group in groups:
        asked = [
            (row, row.robots if "first" not in rule else rule["first"] * len(row.variants)) for row in group
        ]
        done = [
            trial
            for row, _ in asked
            for trial in trials.get((rule["subject"], row.name), ())
            if "first" not in rule or trial.index % row.trials < rule["first"]
        ]
        planned = sum(count for _, count in asked)
        k, missing = sum(outcome(trial, rule.get("outcome", "passed")) for trial in done), planned - len(done)
        complete &= missing == 0
        needed = rule["minimum"] * planned
        sure, lost = k >= needed - 1e-9, k + missing < needed - 1e-9
        answers.append(SUPPORTED if sure else NOT_SUPPORTED if lost else INCONCLUSIVE)
        rate = proportion(k, len(done))
        evidence.append(
            {"subject": rule["subject"], "rows": [row.name for row in group], "k": k, "n": len(done), "low": rate.low,
             "high": rate.high, "minimum": rule["minimum"], "answer": answers[-1]}
        )  # fmt: skip
    return Verdict(claim.name, combined(answers), complete, evidence)


def _mean_at_most(claim: WalkClaim, rows: list[Condition], trials: Trials) -> Verdict:
    """In each row the mean over robots of `measure` is at most `maximum`; a row that cannot be measured is lost."""
    rule = claim.rule
    evidence, answers, complete = [], [], True
    for row in rows:
        done = trials.get((rule["subject"], row.name), ())
        complete &= len(done) == row.robots
        values = [trial.measures[rule["measure"]] for trial in done if rule["measure"] in trial.measures]
        record: dict[str, Any] = {"subject": rule["subject"], "rows": [row.name], "measure": rule["measure"]}
        if len(done) < row.robots:
            answers.append(INCONCLUSIVE)
        elif not values:
            answers.append(NOT_SUPPORTED)
        else:
            mean = mean_of(values)
            answers.append(SUPPORTED if mean.value <= rule["maximum"] + 1e-9 else NOT_SUPPORTED)
            record |= {"value": mean.value, "low": mean.low, "high": mean.high, "n": mean.n}
        evidence.append({**record, "maximum": rule["maximum"], "answer": answers[-1]})
    return Verdict(claim.name, combined(answers), complete, evidence)


def _each_at_most(claim: WalkClaim, rows: list[Condition], trials: Trials) -> Verdict:
    """In every robot of every row `measure` is at most `maximum`."""
    rule = claim.rule
    done = [trial for row in rows for trial in trials.get((rule["subject"], row.name), ())]
    complete = len(done) == sum(row.robots for row in rows)
    values = [trial.measures[rule["measure"]] for trial in done if rule["measure"] in trial.measures]
    above = sum(value > rule["maximum"] + 1e-9 for value in values)
    answer = NOT_SUPPORTED if above else SUPPORTED if complete and values else INCONCLUSIVE
    record = {"subject": rule["subject"], "rows": [row.name for row in rows], "measure": rule["measure"],
              "largest": max(values, default=None), "above": above, "n": len(values), "maximum": rule["maximum"],
              "answer": answer}  # fmt: skip
    return Verdict(claim.name, answer, complete, [record])


def _beats(claim: WalkClaim, rows: list[Condition], trials: Trials) -> Verdict:
    """`subject` does better than each of `others` with the same robots, all rows together.

    Exact McNemar, Holm over the others. A contrast is supported with a higher rate at a corrected p below `alpha`; it
    is not supported when the 95 % bootstrap interval of the difference ends below `margin`, or the rate is lower at a
    corrected p below `alpha`. The claim is supported when all contrasts are, not supported when one is not.
    """
    return _contrasts(claim, rows, trials, _better)


def _not_worse(claim: WalkClaim, rows: list[Condition], trials: Trials) -> Verdict:
    """`subject` is at most `margin` worse than each of `others`: the 95 % bootstrap interval of the difference starts
    above -margin. Not supported when it ends below that. Otherwise inconclusive.
    """
    return _contrasts(claim, rows, trials, _level)


def _contrasts(
    claim: WalkClaim,
    rows: list[Condition],
    trials: Trials,
    answer: Callable[[dict[str, Any], dict[str, Any]], str],
) -> Verdict:
    rule = claim.rule
    what = rule.get("outcome", "passed")
    records, raw, complete = {}, {}, True
    for other in rule["others"]:
        first, second = [], []
        for row in rows:
            mine, theirs = (
                {t.seed: t for t in trials.get((name, row.name), ())} for name in (rule["subject"], other)
            )
            shared = [key for key in mine if key in theirs]
            complete &= len(shared) == row.robots
            first += [outcome(mine[key], what) for key in shared]
            second += [outcome(theirs[key], what) for key in shared]
        test = compare_paired(first, second)
        raw[other] = test.p
        records[other] = {
            "first": rule["subject"], "second": other, "outcome": what, "n": test.n, "k_first": sum(first),
            "k_second": sum(second), "first_only": test.first_only, "second_only": test.second_only, "p": test.p,
        }  # fmt: skip
        if test.n:
            interval = bootstrap_mean(np.subtract(first, second, dtype=np.float64))
            records[other] |= {"difference": test.difference, "low": interval.low, "high": interval.high}
    corrected = holm(raw)
    for other, record in records.items():
        record["holm"] = corrected[other]
        record["answer"] = answer(record, rule) if complete else INCONCLUSIVE
    answers = [record["answer"] for record in records.values()]
    return Verdict(claim.name, combined(answers), complete, list(records.values()))


def _better(record: dict[str, Any], rule: dict[str, Any]) -> str:
    certain = record["holm"] < rule["alpha"]
    if certain and record["difference"] > 0:
        return SUPPORTED
    return (
        NOT_SUPPORTED
        if record["high"] < rule["margin"] or (certain and record["difference"] < 0)
        else INCONCLUSIVE
    )


def _level(record: dict[str, Any], rule: dict[str, Any]) -> str:
    if record["low"] > -rule["margin"]:
        return SUPPORTED
    return NOT_SUPPORTED if record["high"] < -rule["margin"] else INCONCLUSIVE


def _recovers(claim: WalkClaim, rows: list[Condition], trials: Trials) -> Verdict:
    """After a gain drop the mean over the robots is back within 10 % of tracking error and tilt in `seconds` (F5),
    and `minimum` (a share) of the robots or more keep their feet.
    """
    rule = claim.rule
    evidence, answers, complete = [], [], True
    for row in rows:
        done = trials.get((rule["subject"], row.name), ())
        complete &= len(done) == row.robots
        bins = [bins_of_trial(trial) for trial in done]
        curve = recovery([one for one in bins if one is not None])
        seconds = math.inf if curve is None else curve.seconds
        k = sum(trial.success for trial in done)
        passed = seconds <= rule["seconds"] + 1e-9 and k >= rule["minimum"] * row.robots - 1e-9
        answers.append(INCONCLUSIVE if len(done) < row.robots else SUPPORTED if passed else NOT_SUPPORTED)
        evidence.append(
            {"subject": rule["subject"], "rows": [row.name], "k": k, "n": len(done),
             "seconds": seconds if math.isfinite(seconds) else None, "answer": answers[-1]}
        )  # fmt: skip
    return Verdict(claim.name, combined(answers), complete, evidence)


def _arm_swing(claim: WalkClaim, rows: list[Condition], trials: Trials) -> Verdict:
    """In each row arms swing with the other leg: the interval of the mean correlation lies above `correlation`, it is
    larger than that with the leg of the same side, and arms move by `amplitude` rad or more. Not supported when an
    interval ends below its bound.
    """
    rule = claim.rule
    evidence, answers, complete = [], [], True
    for row in rows:
        done = trials.get((rule["subject"], row.name), ())
        complete &= len(done) == row.robots
        record: dict[str, Any] = {"subject": rule["subject"], "rows": [row.name]}
        measured = [trial.measures for trial in done if "arm_contralateral" in trial.measures]
        if len(done) < row.robots:
            answers.append(INCONCLUSIVE)
        elif not measured:
            answers.append(NOT_SUPPORTED)
        else:
            other, own, size = (
                mean_of(one[f"arm_{name}"] for one in measured)
                for name in ("contralateral", "ipsilateral", "amplitude")
            )
            record |= {"contralateral": other.value, "low": other.low, "high": other.high, "ipsilateral": own.value,
                       "amplitude": size.value, "n": other.n}  # fmt: skip
            swings = (
                other.low > rule["correlation"] and size.low >= rule["amplitude"] and other.value > own.value
            )
            not_so = (
                other.high < rule["correlation"] or size.high < rule["amplitude"] or other.value <= own.value
            )
            answers.append(SUPPORTED if swings else NOT_SUPPORTED if not_so else INCONCLUSIVE)
        evidence.append({**record, "answer": answers[-1]})
    return Verdict(claim.name, combined(answers), complete, evidence)


def _fastest(claim: WalkClaim, rows: list[Condition], trials: Trials) -> Verdict:
    """No robot falls at any command of a sweep up to `minimum`."""
    rule = claim.rule
    evidence, answers = [], []
    for row in rows:
        found = fastest_command(trials.get((rule["subject"], row.name), ()), row)
        reached = None if found is None else found[0] >= rule["minimum"] - 1e-9
        answers.append(INCONCLUSIVE if reached is None else SUPPORTED if reached else NOT_SUPPORTED)
        value, achieved = (None, None) if found is None else found
        evidence.append(
            {
                "subject": rule["subject"],
                "rows": [row.name],
                "value": value,
                "achieved": achieved,
                "answer": answers[-1],
            }
        )
    return Verdict(claim.name, combined(answers), INCONCLUSIVE not in answers, evidence)


def combined(answers: Sequence[str]) -> str:
    """All supported: supported. One not supported: not supported. Otherwise inconclusive."""
    if NOT_SUPPORTED in answers:
        return NOT_SUPPORTED
    return SUPPORTED if answers and all(answer == SUPPORTED for answer in answers) else INCONCLUSIVE


RULES: dict[str, Rule] = {
    "at_least": Rule(("rows", "subject", "minimum"), ("pooled", "first", "outcome"), _at_least),
    "mean_at_most": Rule(("rows", "subject", "measure", "maximum"), (), _mean_at_most),
    "each_at_most": Rule(("rows", "subject", "measure", "maximum"), (), _each_at_most),
    "beats": Rule(("rows", "subject", "others", "alpha", "margin"), ("outcome",), _beats),
    "not_worse": Rule(("rows", "subject", "others", "margin"), ("outcome",), _not_worse),
    "recovers": Rule(("rows", "subject", "seconds", "minimum"), (), _recovers),
    "arm_swing": Rule(("rows", "subject", "correlation", "amplitude"), (), _arm_swing),
    "fastest": Rule(("rows", "subject", "minimum"), (), _fastest),
}
