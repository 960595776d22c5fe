"""The decision rules of studies: each turns finished trials into supported, not supported or inconclusive.

A rule sees the whole block of its claim. While trials of the block are missing, it answers "inconclusive"
unless the missing ones cannot change the answer any more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from mvp_real.errors import unknown_name
from mvp_real.evaluation.statistics import bootstrap_mean, compare_paired, holm, proportion
from mvp_real.evaluation.study import Block, Claim, Study, StudyError, label
from mvp_real.evaluation.summary import SuccessRow, paired_outcomes, placement_set, row_key
from mvp_real.evaluation.trials import Outcome, count

SUPPORTED = "supported"
NOT_SUPPORTED = "not supported"
INCONCLUSIVE = "inconclusive"
OutcomeT = TypeVar("OutcomeT", bound=Outcome)


@dataclass(frozen=True)
class Verdict:
    """Answer to one claim.

    Attributes:
        answer: SUPPORTED, NOT_SUPPORTED or INCONCLUSIVE.
        complete: Every trial that the claim rests on has been run.
        evidence: One record per contrast or threshold that went into the answer.
    """

    claim: str
    answer: str
    complete: bool
    evidence: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Rule:
    """A kind of claim: `fields` names what its `rule` mapping must hold, `decide` applies it."""

    fields: tuple[str, ...]
    decide: Callable[[Claim, Block, Sequence[Outcome], int], Verdict]

    def check(self, claim: Claim, study: Study) -> None:
        """Refuse a claim whose rule lacks a field or names an unknown subject or scene."""
        missing = sorted(set(self.fields) - claim.rule.keys())
        unknown = sorted(claim.rule.keys() - set(self.fields))
        if missing or unknown:
            raise StudyError(
                f"rule of claim '{claim.name}' ({claim.kind}): missing {missing}, unknown {unknown}"
            )
        block = study.blocks[claim.block]
        subjects = [claim.rule[key] for key in ("subject", "first") if key in claim.rule]
        for subject in [*subjects, *claim.rule.get("others", []), *claim.rule.get("subjects", [])]:
            if subject not in block.subjects:
                raise unknown_name(f"subject of claim '{claim.name}'", subject, block.subjects)
        for scene in _scenes(claim):
            if scene not in block.scenes:
                raise unknown_name(f"scene of claim '{claim.name}'", scene, block.scenes)


def decide(claim: Claim, study: Study, trials: Sequence[Outcome], placements: int) -> Verdict:
    """Apply the rule of a claim.

    Args:
        trials: Every finished trial of the study; the rule picks those of its block.
        placements: Number of placements that the block plans per scene.
    """
    return RULES[claim.kind].decide(claim, study.blocks[claim.block], trials, placements)


def trials_of(block: Block, trials: Sequence[OutcomeT]) -> list[OutcomeT]:
    """The trials that belong to a block: its placements, its way of running, its subjects and scenes."""
    keys = {block.row_key(*row) for row in block.rows()}
    return [trial for trial in trials if row_key(trial) in keys]


def rows_of(block: Block, rows: Sequence[SuccessRow]) -> list[SuccessRow]:
    """The success rates that belong to a block."""
    keys = {block.row_key(*row) for row in block.rows()}
    return [row for row in rows if row.key in keys]


def _beats(claim: Claim, block: Block, trials: Sequence[Outcome], placements: int) -> Verdict:
    """Does `first` succeed more often than each of `others` in `scene`?

    Per training seed: exact McNemar over the placements, Holm over the contrasts of that seed. A contrast is
    supported when every seed shows a higher rate at a Holm-corrected p below `alpha`. It is not supported
    when the 95 % bootstrap interval over placements of the difference, averaged over seeds, ends below
    `margin`, or when a seed shows a lower rate at a corrected p below `alpha`. The claim is supported when
    all contrasts are, not supported when one is not.
    """
    rule = claim.rule
    trials = trials_of(block, trials)
    per_seed: dict[int, dict[str, float]] = {}
    records: dict[str, dict[str, Any]] = {}
    complete = True
    for seed in block.seeds:
        raw = {}
        for other in rule["others"]:
            first, second, _ = _pairs(trials, rule["scene"], rule["first"], other, seed)
            test = compare_paired(first, second)
            complete &= test.n == placements
            raw[other] = test.p
            record = records.setdefault(other, {"first": rule["first"], "second": other, "seeds": []})
            record["seeds"].append(
                {
                    "seed": seed,
                    "n": test.n,
                    "first_only": test.first_only,
                    "second_only": test.second_only,
                    "difference": test.difference if test.n else None,
                    "p": test.p,
                }
            )
        per_seed[seed] = holm(raw)
        for other in rule["others"]:
            records[other]["seeds"][-1]["holm"] = per_seed[seed][other]
    for other, record in records.items():
        differences = _mean_difference(trials, claim, other, block.seeds)
        if differences:
            interval = bootstrap_mean(differences)
            record["difference"] = float(np.mean(differences))
            record["low"], record["high"] = interval.low, interval.high
        record["answer"] = _contrast(record, rule, complete)
    answers = [record["answer"] for record in records.values()]
    return Verdict(claim.name, _combined(answers), complete, list(records.values()))


def _contrast(record: dict[str, Any], rule: dict[str, Any], complete: bool) -> str:
    if not complete:
        return INCONCLUSIVE
    signs = [(seed["difference"], seed["holm"] < rule["alpha"]) for seed in record["seeds"]]
    if all(difference > 0 and significant for difference, significant in signs):
        return SUPPORTED
    if record["high"] < rule["margin"] or any(difference < 0 and certain for difference, certain in signs):
        return NOT_SUPPORTED
    return INCONCLUSIVE


def _at_least(claim: Claim, block: Block, trials: Sequence[Outcome], placements: int) -> Verdict:
    """Every seed of `subject` succeeds at `minimum` (a fraction) or more of the placements in `scene`."""
    return _threshold(claim, block, trials, placements, upward=True)


def _at_most(claim: Claim, block: Block, trials: Sequence[Outcome], placements: int) -> Verdict:
    """Every seed of each of `subjects` succeeds at `maximum` (a fraction) or fewer of the placements."""
    return _threshold(claim, block, trials, placements, upward=False)


def _threshold(
    claim: Claim, block: Block, trials: Sequence[Outcome], placements: int, upward: bool
) -> Verdict:
    trials = trials_of(block, trials)
    bound = claim.rule["minimum" if upward else "maximum"]
    needed = bound * placements
    evidence, answers, complete = [], [], True
    for scene in _scenes(claim):
        for subject in claim.rule.get("subjects", [claim.rule.get("subject")]):
            for seed in block.seeds:
                k, n = count(t for t in trials if t.subject == label(subject, seed) and t.scene == scene)
                missing = placements - n
                complete &= missing == 0
                # A tolerance: 0.9375 x 16 must not turn into 15.000000000000002.
                if upward:
                    sure, lost = k >= needed - 1e-9, k + missing < needed - 1e-9
                else:
                    sure, lost = k + missing <= needed + 1e-9, k > needed + 1e-9
                answers.append(SUPPORTED if sure else NOT_SUPPORTED if lost else INCONCLUSIVE)
                rate = proportion(k, n)
                evidence.append(
                    {
                        "subject": subject,
                        "scene": scene,
                        "seed": seed,
                        "k": k,
                        "n": n,
                        "low": rate.low,
                        "high": rate.high,
                        "answer": answers[-1],
                    }
                )
    return Verdict(claim.name, _combined(answers), complete, evidence)


def _same_outcomes(claim: Claim, block: Block, trials: Sequence[Outcome], placements: int) -> Verdict:
    """Each trial of `subjects` ends the same way (success or not) through the nodes and in one process."""
    outcomes: dict[tuple[str, str, str], dict[str, bool]] = {}
    labels = [label(subject, seed) for subject in claim.rule["subjects"] for seed in block.seeds]
    for trial in trials:
        if trial.subject in labels and placement_set(trial.placement) == block.placement_set:
            pair = outcomes.setdefault((trial.subject, trial.scene, trial.placement), {})
            pair[trial.through] = trial.success
    both = {key: pair for key, pair in outcomes.items() if len(pair) == 2 and key[1] in block.scenes}
    different = sorted(" ".join(key) for key, pair in both.items() if pair["nodes"] != pair["process"])
    complete = len(both) == placements * len(block.scenes) * len(labels)
    answer = NOT_SUPPORTED if different else SUPPORTED if complete else INCONCLUSIVE
    return Verdict(claim.name, answer, complete, [{"n": len(both), "different": different}])


def _combined(answers: Sequence[str]) -> str:
    """All supported: supported. One not supported: not supported. Otherwise inconclusive."""
    if NOT_SUPPORTED in answers:
        return NOT_SUPPORTED
    return SUPPORTED if answers and all(answer == SUPPORTED for answer in answers) else INCONCLUSIVE


def _scenes(claim: Claim) -> list[str]:
    scenes = claim.rule.get("scenes", claim.rule.get("scene", []))
    return [scenes] if isinstance(scenes, str) else list(scenes)


def _pairs(
    trials: Sequence[Outcome], scene: str, first: str, second: str, seed: int
) -> tuple[list[bool], list[bool], list[str]]:
    in_scene = [trial for trial in trials if trial.scene == scene]
    return paired_outcomes(in_scene, label(first, seed), label(second, seed))


def _mean_difference(
    trials: Sequence[Outcome], claim: Claim, other: str, seeds: Sequence[int]
) -> list[float]:
    """Per placement the difference of outcomes, averaged over the seeds that have both subjects there.

    The placement is the unit that is resampled: two training seeds at one placement are not independent.
    """
    collected: dict[str, list[float]] = {}
    for seed in seeds:
        first, second, ids = _pairs(trials, claim.rule["scene"], claim.rule["first"], other, seed)
        for placement, a, b in zip(ids, first, second, strict=True):
            collected.setdefault(placement, []).append(float(a) - float(b))
    return [float(np.mean(values)) for values in collected.values()]


RULES: dict[str, Rule] = {
    "beats": Rule(("scene", "first", "others", "alpha", "margin"), _beats),
    "at_least": Rule(("scene", "subject", "minimum"), _at_least),
    "same_outcomes": Rule(("subjects",), _same_outcomes),
    "at_most": Rule(("scenes", "subjects", "maximum"), _at_most),
}
