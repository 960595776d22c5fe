from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from mvp_real.evaluation.order import plan, rotated

SUBJECTS = st.lists(st.integers(), min_size=1, max_size=9, unique=True)


@given(SUBJECTS)
def test_rows_form_a_latin_square(subjects: list[int]) -> None:
    rows = [rotated(subjects, row) for row in range(len(subjects))]
    for line in [*rows, *map(list, zip(*rows, strict=True))]:
        assert sorted(line) == sorted(subjects)


@given(SUBJECTS, st.lists(st.integers(), max_size=20), st.integers(0, 200))
def test_a_run_stopped_anywhere_is_balanced(subjects: list[int], setups: list[int], stop: int) -> None:
    trials = list(plan(subjects, setups))
    assert len(trials) == len(subjects) * len(setups)
    done = Counter(dict.fromkeys(subjects, 0))
    done.update(subject for _, subject, _ in trials[:stop])
    assert max(done.values()) - min(done.values()) <= 1


def test_placements_stay_together() -> None:
    assert [(subject, setup) for _, subject, setup in plan("ab", [1, 2])] == [
        ("a", 1),
        ("b", 1),
        ("b", 2),
        ("a", 2),
    ]
    assert [place for place, _, _ in plan("ab", [1, 2])] == [0, 1, 0, 1]


def test_scenes_take_turns_and_each_has_the_whole_square() -> None:
    trials = list(plan("ab", ["p0", "p1"], ["v0", "v1", "v2"]))
    assert list(dict.fromkeys(setup for _, _, setup in trials)) == ["p0", "v0", "p1", "v1", "v2"]
    for scene in "pv":
        first = [subject for place, subject, setup in trials if place == 0 and setup[0] == scene]
        assert first[:2] == ["a", "b"]


def test_nothing_to_plan() -> None:
    assert rotated([], 3) == []
    assert list(plan("ab")) == []
