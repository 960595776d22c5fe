from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvp_real.evaluation.placement_map import MARGIN, NUMBERED, SCALE, placement_map
from mvp_real.evaluation.report import Report, SubjectNote, results_document, write_results
from mvp_real.evaluation.report_page import render_page, write_page
from mvp_real.evaluation.trials import TrialRecord

from .trial_fixture import trial, trials_of

AREA = (0.34, 0.50, -0.10, 0.10)
VOID = {"meta", "img", "br", "line", "circle", "rect", "path"}


def report(trials: list[TrialRecord], **changes: object) -> Report:
    fields: dict[str, object] = {
        "title": "A title",
        "lead": "A lead.",
        "area": AREA,
        "command": "mvp_real evaluate pick_fruit",
        "planned": len(trials),
        "provenance": {"commit": "0" * 40, "uncommitted_changes": False, "packages": {"numpy": "2"}},
        "trials": trials,
    }
    return Report(**{**fields, **changes})  # type: ignore[arg-type]


class Balance(HTMLParser):
    """Checks that every element is closed in its place."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_one_well_formed_file_without_script_or_network(tmp_path: Path) -> None:
    trials = trials_of({"a": 0.9, "b": 0.4}, scenes=("plain", "varied"))
    page = write_page(report(trials), tmp_path).read_text()
    parser = Balance()
    parser.feed(page)
    assert parser.open == []
    assert parser.links == []
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert page.count('<g class="trial"') == len(trials)
    for heading in ("Success", "Where it worked", "Paired comparisons", "Failures", "Provenance"):
        assert f"<h2>{heading}</h2>" in page


def test_an_unfinished_run_says_so_first() -> None:
    page = render_page(report(trials_of({"a": 0.5}), planned=100), Path("."))
    assert page.index("16 of 100 planned trials") < page.index("<h2>Success")


@given(st.text(alphabet="<>&\"'abc", min_size=1, max_size=12))
def test_nothing_a_name_holds_becomes_markup(name: str) -> None:
    trials = [trial(name, i, i % 2 == 0, reason=name) for i in range(3)]
    page = render_page(report(trials, title=name, subjects=[SubjectNote(name, name, name)]), Path("."))
    parser = Balance()
    parser.feed(page)
    assert parser.open == []


def test_clips_are_embedded_and_failures_come_first(tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    trials = []
    for index, success in enumerate((True, False)):
        (tmp_path / "clips" / f"{index}.mp4").write_bytes(b"video")
        trials.append(trial("a", index, success, clip=f"clips/{index}.mp4"))
    trials.append(trial("a", 2, clip="clips/lost.mp4"))
    page = render_page(report(trials), tmp_path)
    assert page.count("data:video/mp4;base64,dmlkZW8=") == 2
    clips = page[page.index("<h2>Clips") :]
    assert clips.index("validation-01") < clips.index("validation-00")
    assert "lost" not in page


def test_the_map_shows_the_table_as_the_robot_sees_it() -> None:
    """Further from the base is further up, the robot's left is left."""
    far_left = trial(index=0, x=0.50, y=0.10)
    near_right = trial(index=1, x=0.34, y=-0.10, success=False)
    drawn = placement_map([far_left, near_right], AREA, "map")
    places = [tuple(map(float, p)) for p in re.findall(r"translate\(([\d.]+) ([\d.]+)\)", drawn)]
    assert places[0] == pytest.approx((MARGIN, MARGIN), abs=0.1)
    assert places[1] == pytest.approx((MARGIN + 0.20 * SCALE, MARGIN + 0.16 * SCALE), abs=0.1)
    assert drawn.count('class="success"') == drawn.count('class="failure"') == 1


def test_a_crowded_map_drops_its_numbers() -> None:
    crowded = placement_map([trial(index=i) for i in range(NUMBERED + 1)], AREA, "map")
    assert 'class="number"' not in crowded
    assert crowded.count("<title>") == NUMBERED + 1


def test_results_are_plain_json_and_written_in_one_piece(tmp_path: Path) -> None:
    finished = report(trials_of({"a": 0.9, "b": 0.4}))
    path = write_results(finished, tmp_path)
    assert json.loads(path.read_text()) == json.loads(json.dumps(results_document(finished)))
    assert [p.name for p in tmp_path.iterdir()] == ["results.json"]
    document = json.loads(path.read_text())
    assert document["complete"] is True
    row = document["rows"][0]
    assert row["outcomes"].count("1") == row["k"]
    assert len(row["outcomes"]) == row["n"] == 16


def test_a_card_with_many_figures_is_folded() -> None:
    rates = [{"subject": "s", "metric": f"m{i}", "k": i, "n": 16} for i in range(1, 6)]
    loss = {"subject": "s", "metric": "loss", "k": None, "value": 0.0479881635}
    notes = [
        SubjectNote("few", card_metrics=(loss, rates[0])),
        SubjectNote("many", card_metrics=tuple(rates)),
    ]
    page = render_page(report(trials_of({"few": 0.5, "many": 0.5}), subjects=notes), Path("."))
    assert "s: loss 0.04799<br>s: m1 1/16" in page
    assert "<details><summary>5 figures</summary>s: m1 1/16<br>" in page
    parser = Balance()
    parser.feed(page)
    assert parser.open == []
