"""The graph schema: what it accepts, what it refuses and how it says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvp_real.errors import MvpRealError
from mvp_real.systems.graph import Argument, load_system, read_system, substitute, system_names

GRAPH = """
summary: a system
arguments:
  robot: {default: sim, choices: [sim, real], unavailable: {real: no driver yet}, help: which one}
  rate: {default: 5.0, help: rate}
  count: {default: 3, help: count}
  fast: {default: false, help: speed}
nodes:
  - executable: encoder
    namespace: ${robot}
    parameters: {rate: "${rate}", label: "at ${rate} Hz"}
  - executable: controller
    when: {fast: true}
"""


def graph(tmp_path: Path, text: str = GRAPH):
    path = tmp_path / "thing.yaml"
    path.write_text(text, encoding="utf-8")
    return read_system(path)


def test_every_shipped_system_reads() -> None:
    assert "pick_fruit" in system_names()
    for name in system_names():
        assert load_system(name).nodes


def test_values_take_the_type_of_the_default(tmp_path: Path) -> None:
    values = graph(tmp_path).values({"rate": "2", "count": "7", "fast": "true"})
    assert values == {"robot": "sim", "rate": 2.0, "count": 7, "fast": True}
    assert isinstance(values["rate"], float)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("rote", "1", "did you mean rate"),
        ("robot", "sin", "did you mean sim"),
        ("robot", "real", "no driver yet"),
        ("rate", "fast", "is a number"),
        ("count", "1.5", "is a whole number"),
        ("fast", "1", "is true or false"),
        ("count", "true", "is a whole number"),
        ("count", "[", "is a whole number"),
    ],
)
def test_wrong_values_name_the_remedy(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(MvpRealError, match=message):
        graph(tmp_path).values({name: text})


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("executable: encoder", "executable: encodr", "did you mean encoder"),
        ("namespace:", "namspace:", "did you mean namespace"),
        ("${robot}", "${robo}", "did you mean robot"),
        ("when: {fast: true}", "when: {fat: true}", "did you mean fast"),
        ("help: rate", "hlp: rate", "did you mean help"),
        ("default: sim", "default: real", "not an available choice"),
        ("    when: {fast: true}", "    required: 3", "expected true or false"),
        ("summary: a system", "", "'summary' is missing"),
    ],
)
def test_a_broken_file_is_refused_with_the_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(MvpRealError, match=message):
        graph(tmp_path, GRAPH.replace(old, new))


def test_two_nodes_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MvpRealError, match="two nodes"):
        graph(tmp_path, "summary: x\nnodes:\n  - executable: encoder\n  - executable: encoder\n")


def test_unknown_system_suggests_the_near_one() -> None:
    with pytest.raises(MvpRealError, match="did you mean pick_fruit"):
        load_system("pick_fuit")


def test_an_unknown_bundle_is_refused_before_anything_starts() -> None:
    with pytest.raises(MvpRealError, match="unknown bundle 'no_such_bundle'"):
        load_system("pick_fruit").values({"bundle": "no_such_bundle"})


@given(st.one_of(st.text(), st.integers(), st.floats(allow_nan=False), st.booleans()))
def test_a_lone_reference_keeps_the_value_and_type(value) -> None:
    assert substitute("${x}", {"x": value}) is value


@given(st.integers())
def test_integers_survive_being_written_and_parsed(number: int) -> None:
    assert Argument("n", 0, "").parse(str(number)) == number
