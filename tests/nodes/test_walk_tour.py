"""Tours: the named ones, files, and what is wrong with a file."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from mvp_real.control.locomotion.command import CommandLimits
from mvp_real.errors import MvpRealError
from mvp_real.nodes.walk_tour import TOURS, load_tour


@pytest.mark.parametrize("name", [name for name in TOURS if name != "free"])
def test_a_named_tour_asks_only_for_what_the_policy_knows(name: str) -> None:
    tour, limits = load_tour(name), CommandLimits()
    assert 5.0 < tour.seconds < 60.0
    for stretch in tour.stretches:
        command = stretch.command
        assert np.all(command >= limits.lower)
        assert np.all(command <= limits.upper)
        assert np.all((command == 0.0) | (np.abs(command) >= limits.cut_off))


def test_a_square_turns_round_once_and_an_eight_back_again() -> None:
    assert sum(s.turn * s.seconds for s in load_tour("square").stretches) == pytest.approx(2 * math.pi)
    eight = [s.turn * s.seconds for s in load_tour("figure_eight").stretches]
    assert eight == pytest.approx([0.0, 2 * math.pi, -2 * math.pi, 0.0])


def test_which_stretch_it_is() -> None:
    tour = load_tour("forward")
    assert [tour.at(seconds) for seconds in (0.0, 1.99, 2.0, 11.9, 12.0, 13.9, 14.0, 99.0)] == [
        0, 0, 1, 1, 2, 2, None, None,
    ]  # fmt: skip
    free = load_tour("free")
    assert free.at(5.0) is None
    assert free.seconds == math.inf


def test_a_tour_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "yard.yaml"
    path.write_text("- {seconds: 3}\n- {seconds: 2.5, forward: 0.3, turn: -0.5}\n")
    tour = load_tour(str(path))
    assert (tour.name, tour.seconds) == ("yard", 5.5)
    np.testing.assert_array_equal(tour.stretches[1].command, [0.3, 0.0, -0.5])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{}", "is a list of stretches, got dict"),
        ("[]", "is a list of stretches"),
        ("[3]", r"yard.yaml\[0\]: a stretch has 'seconds'"),
        ("[{forward: 1}]", "a stretch has 'seconds'"),
        ("[{seconds: 1, forwrd: 1}]", "did you mean forward"),
        ("[{seconds: 1}, {seconds: x}]", r"yard.yaml\[1\]: seconds is 'x'; needs a number"),
        ("[{seconds: .nan}]", "seconds is nan"),
        ("[{seconds: 0}]", "needs more than 0"),
        ("[{seconds: true}]", "needs a number"),
        ("[", "is not valid YAML"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "yard.yaml"
    path.write_text(content)
    with pytest.raises(MvpRealError, match=message):
        load_tour(str(path))


def test_an_unknown_tour_suggests_the_near_ones() -> None:
    with pytest.raises(MvpRealError, match="did you mean figure_eight"):
        load_tour("figure_eigt")
    with pytest.raises(MvpRealError, match="cannot be read: No such file"):
        load_tour("nowhere.yaml")
