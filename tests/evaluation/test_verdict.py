from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvp_real.evaluation.study import Block, Claim, Study
from mvp_real.evaluation.trials import TrialRecord
from mvp_real.evaluation.verdict import INCONCLUSIVE, NOT_SUPPORTED, SUPPORTED, Verdict, decide

from .trial_fixture import trial

N = 40


def study(claim: Claim, through: str = "process") -> Study:
    block = Block("block", through, ("plain",), f"random:{N}", 7, (1, 2), ("mae", "random", "cnn"))
    return Study("s", "t", "q", {}, {"block": block}, (claim,), "", Path("study.yaml"))


def beats(margin: float = 0.05) -> Claim:
    rule = {"scene": "plain", "first": "mae", "others": ["random", "cnn"], "alpha": 0.05, "margin": margin}
    return Claim("c", "beats", "s", "block", rule)


def outcomes(
    subject: str, successes: int, n: int = N, last: bool = False, **changes: object
) -> list[TrialRecord]:
    """Trials of which the first (or the last) `successes` succeeded."""
    return [
        trial(subject, i, (n - 1 - i if last else i) < successes, placement=f"random-7-{i:03d}", **changes)
        for i in range(n)
    ]


def both_seeds(rates: dict[str, int], n: int = N) -> list[TrialRecord]:
    return [t for name, k in rates.items() for seed in (1, 2) for t in outcomes(f"{name}_seed{seed}", k, n)]


def judged(claim: Claim, trials: list[TrialRecord]) -> Verdict:
    return decide(claim, study(claim), trials, N)


def test_a_clear_win_over_all_is_supported() -> None:
    verdict = judged(beats(), both_seeds({"mae": 38, "random": 20, "cnn": 24}))
    assert verdict.answer == SUPPORTED
    assert verdict.complete
    contrast = verdict.evidence[0]
    assert contrast["difference"] == pytest.approx(18 / 40)
    assert contrast["low"] <= contrast["difference"] <= contrast["high"]
    assert contrast["seeds"][0]["p"] == pytest.approx(2 / 2**18)


def test_a_win_over_one_of_two_is_not_enough() -> None:
    verdict = judged(beats(), both_seeds({"mae": 38, "random": 20, "cnn": 38}))
    assert [record["answer"] for record in verdict.evidence] == [SUPPORTED, NOT_SUPPORTED]
    assert verdict.answer == NOT_SUPPORTED


def test_a_loss_is_not_supported() -> None:
    assert judged(beats(), both_seeds({"mae": 10, "random": 30, "cnn": 30})).answer == NOT_SUPPORTED


def test_a_small_lead_is_inconclusive() -> None:
    assert judged(beats(), both_seeds({"mae": 38, "random": 33, "cnn": 33})).answer == INCONCLUSIVE


def test_one_seed_alone_does_not_carry_the_claim() -> None:
    trials = outcomes("mae_seed1", 38) + outcomes("mae_seed2", 21)
    trials += [t for s in (1, 2) for name in ("random", "cnn") for t in outcomes(f"{name}_seed{s}", 20)]
    assert judged(beats(), trials).answer == INCONCLUSIVE


def test_an_unfinished_comparison_never_decides() -> None:
    trials = both_seeds({"mae": 38, "random": 5, "cnn": 5})
    verdict = judged(beats(), trials[:-1])
    assert verdict.answer == INCONCLUSIVE
    assert not verdict.complete


def test_pairs_count_not_totals() -> None:
    """Equal rates on different placements: McNemar sees the discordant pairs, the difference is zero."""
    trials = [t for s in (1, 2) for t in outcomes(f"mae_seed{s}", 20)]
    trials += [t for s in (1, 2) for n in ("random", "cnn") for t in outcomes(f"{n}_seed{s}", 20, last=True)]
    record = judged(beats(), trials).evidence[0]
    assert (record["seeds"][0]["first_only"], record["seeds"][0]["second_only"]) == (20, 20)
    assert record["difference"] == 0.0
    assert record["seeds"][0]["p"] == 1.0


def at_least(minimum: float) -> Claim:
    return Claim("c", "at_least", "s", "block", {"scene": "plain", "subject": "mae", "minimum": minimum})


def test_a_threshold_holds_for_each_seed() -> None:
    good = outcomes("mae_seed1", 38)
    assert judged(at_least(0.95), good + outcomes("mae_seed2", 38)).answer == SUPPORTED
    assert judged(at_least(0.95), good + outcomes("mae_seed2", 37)).answer == NOT_SUPPORTED
    assert judged(at_least(0.95), good).answer == INCONCLUSIVE


@given(st.integers(0, N), st.integers(0, N), st.integers(0, N))
def test_a_threshold_decided_early_is_never_overturned(n: int, k: int, later: int) -> None:
    """Whatever the missing trials turn out to be, an early answer stays."""
    k = min(k, n)
    early = judged(at_least(0.5), [t for s in (1, 2) for t in outcomes(f"mae_seed{s}", k, n)]).answer
    final = judged(
        at_least(0.5), [t for s in (1, 2) for t in outcomes(f"mae_seed{s}", k + min(later, N - n))]
    ).answer
    assert final != INCONCLUSIVE
    assert early in (INCONCLUSIVE, final)


def test_at_most() -> None:
    claim = Claim(
        "c", "at_most", "s", "block", {"scenes": ["plain"], "subjects": ["mae", "cnn"], "maximum": 0.125}
    )
    assert judged(claim, both_seeds({"mae": 5, "cnn": 0})).answer == SUPPORTED
    assert judged(claim, both_seeds({"mae": 5, "cnn": 6})).answer == NOT_SUPPORTED
    assert judged(claim, both_seeds({"mae": 5})).answer == INCONCLUSIVE


def test_nodes_and_process_must_agree_trial_by_trial() -> None:
    claim = Claim("c", "same_outcomes", "s", "block", {"subjects": ["mae"]})
    here = both_seeds({"mae": 30})
    there = [t for s in (1, 2) for t in outcomes(f"mae_seed{s}", 30, through="nodes")]
    assert judged(claim, here + there).answer == SUPPORTED
    assert judged(claim, here + there[:-1]).answer == INCONCLUSIVE
    swapped = [t for s in (1, 2) for t in outcomes(f"mae_seed{s}", 30, last=True, through="nodes")]
    verdict = judged(claim, here + swapped)
    assert verdict.answer == NOT_SUPPORTED
    assert len(verdict.evidence[0]["different"]) == 40


def test_trials_of_other_sets_do_not_count() -> None:
    foreign = [trial("mae_seed1", i, placement=f"random-8-{i:03d}") for i in range(N)]
    foreign += [t for s in (1, 2) for t in outcomes(f"mae_seed{s}", N, through="nodes")]
    foreign += [t for s in (1, 2) for t in outcomes(f"mae_seed{s}", N, scene="varied")]
    verdict = judged(at_least(0.5), foreign)
    assert verdict.answer == INCONCLUSIVE
    assert [record["n"] for record in verdict.evidence] == [0, 0]
