"""Task configuration, held-out placements, and seeds that never meet."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mvp_real.errors import MvpRealError
from mvp_real.tasks.pick_fruit import (
    PURPOSES,
    EpisodeSetup,
    Placement,
    evaluation_setups,
    load_task,
    random_setup,
    refuse_held_out,
    validation_setups,
)

SEEDS = st.integers(0, 2**40)


@pytest.mark.parametrize("scene", ["plain", "varied"])
def test_sixteen_held_out_setups_two_of_each_fruit(scene: str) -> None:
    for setups in (evaluation_setups(scene), validation_setups(scene)):
        assert len(setups) == 16
        assert set(Counter(setup.placement.fruit for setup in setups).values()) == {2}
        assert len({setup.seed for setup in setups}) == 16
        assert all(setup.scene == scene for setup in setups)


def test_evaluation_and_validation_are_disjoint() -> None:
    for first in evaluation_setups("plain"):
        for second in validation_setups("plain"):
            if first.placement.fruit == second.placement.fruit:
                gap = np.hypot(first.placement.x - second.placement.x, first.placement.y - second.placement.y)
                assert gap > load_task().exclusion_radius


def test_held_out_placements_cover_the_area() -> None:
    task = load_task()
    for placements in (task.evaluation, task.validation):
        cells = {
            (
                int(4 * (p.x - task.x_range[0]) / (task.x_range[1] - task.x_range[0] + 1e-9)),
                int(4 * (p.y - task.y_range[0]) / (task.y_range[1] - task.y_range[0] + 1e-9)),
            )
            for p in placements
        }
        assert len(cells) >= 15  # one per cell; rounding to a millimetre may move one over the edge


@given(SEEDS, st.sampled_from(["plain", "varied"]), st.sampled_from(list(PURPOSES)))
def test_random_setups_lie_in_range_and_clear_of_held_out(seed: int, scene: str, purpose: str) -> None:
    task = load_task()
    setup = random_setup(seed, scene, purpose)
    place = setup.placement
    assert task.x_range[0] <= place.x <= task.x_range[1]
    assert task.y_range[0] <= place.y <= task.y_range[1]
    assert task.yaw_range[0] <= place.yaw <= task.yaw_range[1]
    for held_out in (*task.evaluation, *task.validation):
        if held_out.fruit == place.fruit:
            assert np.hypot(held_out.x - place.x, held_out.y - place.y) >= task.exclusion_radius
    assert setup == random_setup(seed, scene, purpose)
    if purpose == "training":
        refuse_held_out(setup)


def test_purposes_draw_different_placements() -> None:
    draws = {random_setup(5, "plain", purpose).placement for purpose in PURPOSES}
    assert len(draws) == len(PURPOSES)


@settings(max_examples=20)
@given(SEEDS)
def test_streams_are_independent(seed: int) -> None:
    setup = random_setup(seed, "varied")
    others = [
        setup.generator("look"),
        setup.generator("clutter"),
        replace(setup, purpose="trial").generator("look"),
    ]
    draws = [tuple(generator.integers(0, 2**60, 2)) for generator in others]
    assert len(set(draws)) == 3
    assert tuple(setup.generator("look").integers(0, 2**60, 2)) == draws[0]


@pytest.mark.parametrize("setups", [evaluation_setups("varied"), validation_setups("plain")])
def test_held_out_setups_are_refused_as_training_data(setups: list[EpisodeSetup]) -> None:
    for setup in setups:
        with pytest.raises(MvpRealError, match="purpose"):
            refuse_held_out(setup)
        near = replace(setup.placement, x=setup.placement.x + 0.003, y=setup.placement.y + 0.003)
        with pytest.raises(MvpRealError, match="held-out"):
            refuse_held_out(EpisodeSetup("plain", near, 1))


def test_a_different_fruit_at_a_held_out_place_is_allowed() -> None:
    task = load_task()
    place = task.evaluation[0]
    other = next(name for name in task.fruits if name != place.fruit)
    free = Placement(other, place.x, place.y, place.yaw)
    if all(np.hypot(p.x - free.x, p.y - free.y) > 0.005 for p in task.validation if p.fruit == other):
        refuse_held_out(EpisodeSetup("plain", free, 1))


@given(SEEDS, st.sampled_from(["plain", "varied"]), st.sampled_from(["fixed", "random"]))
def test_json_round_trip(seed: int, scene: str, start: str) -> None:
    setup = random_setup(seed, scene, "trial", start)
    assert EpisodeSetup.from_dict(json.loads(json.dumps(asdict(setup)))) == setup


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scene": "varid"}, "did you mean varied"),
        ({"start": "fixd"}, "did you mean fixed"),
        ({"purpose": "train"}, "did you mean training"),
        ({"seed": -1}, "needs 0 or more"),
    ],
)
def test_wrong_setups_are_named(change: dict[str, object], message: str) -> None:
    setup = random_setup(0, "plain")
    with pytest.raises(MvpRealError, match=message):
        EpisodeSetup.from_dict({**asdict(setup), **change})


def test_missing_and_malformed_entries_are_named() -> None:
    values = asdict(random_setup(0, "plain"))
    with pytest.raises(MvpRealError, match="lacks 'seed'"):
        EpisodeSetup.from_dict({k: v for k, v in values.items() if k != "seed"})
    with pytest.raises(MvpRealError, match="wrong value"):
        EpisodeSetup.from_dict({**values, "seed": "many"})


def test_unknown_fruit_suggests_near_names() -> None:
    with pytest.raises(MvpRealError, match="did you mean banana"):
        random_setup(0, "plain", fruit="bananna")
