from __future__ import annotations

import pytest

from mvp_real.errors import MvpRealError
from mvp_real.evaluation.placements import held_out_note, named_setups


@pytest.mark.parametrize("scene", ["plain", "varied"])
@pytest.mark.parametrize("placements", ["evaluation", "validation"])
def test_a_fixed_set_holds_two_placements_of_each_fruit(placements: str, scene: str) -> None:
    setups = named_setups(placements, scene)
    fruits = [item.setup.placement.fruit for item in setups]
    assert len(setups) == 16
    assert all(fruits.count(fruit) == 2 for fruit in fruits)
    assert setups[3].name == f"{placements}-03"
    assert {item.setup.scene for item in setups} == {scene}
    assert {item.setup.purpose for item in setups} == {placements}


def test_random_placements_are_the_same_for_everyone_and_differ_between_seeds() -> None:
    first = named_setups("random:8", "varied", seed=40)
    assert first == named_setups("random:8", "varied", seed=40)
    assert first[:5] == named_setups("random:5", "varied", seed=40)
    assert first[0].name == "random-40-000"
    assert {item.setup.purpose for item in first} == {"trial"}
    other = named_setups("random:8", "varied", seed=50)
    assert not {item.setup.placement for item in first} & {item.setup.placement for item in other}


def test_scenes_share_their_placements() -> None:
    plain, varied = (named_setups("random:4", scene, 7) for scene in ("plain", "varied"))
    assert [a.setup.placement for a in plain] == [b.setup.placement for b in varied]


@pytest.mark.parametrize(
    ("placements", "message"),
    [
        ("evalution", "did you mean evaluation"),
        ("random", "random:N"),
        ("random:0", "random:N"),
        ("16", "known"),
    ],
)
def test_unknown_sets_name_the_remedy(placements: str, message: str) -> None:
    with pytest.raises(MvpRealError, match=message):
        named_setups(placements, "plain")


def test_only_the_held_out_set_carries_a_warning() -> None:
    assert "no choice" in held_out_note("evaluation")
    assert held_out_note("validation") == held_out_note("random:100") == ""
