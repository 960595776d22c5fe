from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvp_real.evaluation.locomotion.charts import BOTTOM, LEFT, RIGHT, TOP, Chart, ticks
from mvp_real.evaluation.locomotion.condition import GainDrop, Hold, Kicks
from mvp_real.evaluation.locomotion.markdown import write_markdown
from mvp_real.evaluation.locomotion.measures import trials_of
from mvp_real.evaluation.locomotion.page import render_page, write_page
from mvp_real.evaluation.locomotion.results import SubjectNote, WalkReport
from mvp_real.evaluation.locomotion.trajectory import save_traces

from .synthetic import condition, trajectory, trial

VOID = {"meta", "img", "br"}


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
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture
def report(tmp_path: Path) -> WalkReport:
    """Two policies in rows of every kind that has a picture."""
    rows = {
        row.name: row
        for row in (
            condition("forward_0.3", robots=4),
            condition("left_0.3", robots=4, commands=((0.0, 0.3, 0.0),)),
            condition("right_0.3", robots=4, commands=((0.0, -0.3, 0.0),)),
            condition("kicks", robots=4, group="kicks", kicks=Kicks(0.5, 3.0), hold=Hold(survival=0.9)),
            condition("weak_knee", robots=4, group="adaptation", gain_drop=GainDrop("left_knee", 0.5, 5.0)),
            *(condition(f"step_{h}cm", robots=5, group="steps") for h in (4, 8, 12, 16)),
        )
    }
    trials = []
    for subject in ("first", "second"):
        for row in rows.values():
            walk = trajectory(robots=row.robots)
            walk.asked[:] = row.command_array()
            walk.velocity[:] = 0.9 * walk.asked[None, :, :2]
            if subject == "second":
                walk.end[0], walk.steps[0] = 1, 250
            save_traces(walk, tmp_path / "traces" / subject / f"{row.name}.npz")
            trials += trials_of(walk, row, "", subject, subject, "ab" * 32, 1.0)
    notes = [SubjectNote(name, "A policy.", name, "ab" * 32) for name in ("first", "second")]
    provenance = {"commit": "0" * 40, "packages": {"numpy": "2"}}
    return WalkReport(
        "A title", "A lead.", "mvp_real evaluate", rows, "validation", notes, trials, provenance
    )


def test_the_page_is_one_well_formed_file_without_script_or_network(
    report: WalkReport, tmp_path: Path
) -> None:
    page = write_page(report, tmp_path).read_text()
    parser = Balance()
    parser.feed(page)
    assert parser.open == []
    assert parser.links == []
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")
    for heading in (
        "Survival", "Steps", "Overall", "Velocity tracking", "Gait", "Tilt under kicks", "Recovery from a weak motor",
        "How they walk", "Torques and speeds", "Paired comparisons", "Policies", "Provenance",
    ):  # fmt: skip
        assert f"<h2>{heading}" in page, heading
    assert "13/20" in page  # the thesis beside ours
    assert page.count("<svg") == 18 + 9  # an interval per row and policy, and the charts


def test_the_markdown_holds_every_row(report: WalkReport, tmp_path: Path) -> None:
    text = write_markdown(report, tmp_path).read_text()
    for row in report.rows.values():
        assert f"| {row.title} | first |" in text
    assert "thesis: Transformer" in text
    assert "| first | 20/20 | 100 % |" in text
    widths = {line.count("|") for line in text.splitlines() if line.startswith("| Forward_0.3")}
    assert len(widths) == 3  # survival, gait and pairs, each with its own number of columns


def test_an_unfinished_run_says_so_first(report: WalkReport) -> None:
    part = dataclasses.replace(report, trials=report.trials[:3])
    page = render_page(part, Path("."))
    assert page.index("3 of 80 planned trials") < page.index("<h2>Survival")


def test_an_empty_report_is_still_a_page(report: WalkReport, tmp_path: Path) -> None:
    empty = dataclasses.replace(report, trials=[])
    parser = Balance()
    parser.feed(render_page(empty, tmp_path / "nowhere"))
    assert parser.open == []


@given(st.text(alphabet="<>&\"'abc", min_size=1, max_size=12))
def test_nothing_a_name_holds_becomes_markup(name: str) -> None:
    row = condition("forward", title=name)
    trials = [trial(name, index=k, success=k > 1) for k in range(4)]
    note = SubjectNote(name, name, name, name)
    made = WalkReport(name, name, name, {"forward": row}, name, [note], trials, {}, [name])
    parser = Balance()
    parser.feed(render_page(made, Path(".")))
    assert parser.open == []


def test_clips_are_embedded(report: WalkReport, tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "a.mp4").write_bytes(b"video")
    filmed = trial("first", "forward_0.3", clip="clips/a.mp4")
    page = render_page(dataclasses.replace(report, trials=[filmed]), tmp_path)
    assert page.count("data:video/mp4;base64,dmlkZW8=") == 1


def test_a_point_lies_where_its_axes_say() -> None:
    chart = Chart("A chart", (0.0, 2.0), (-1.0, 1.0), "x", "y", width=400.0, height=200.0)
    chart.dots([0.0, 2.0, 1.0], [-1.0, 1.0, float("nan")])
    places = re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', chart.render())
    assert [tuple(map(float, place)) for place in places] == [(LEFT, 200.0 - BOTTOM), (400.0 - RIGHT, TOP)]


def test_a_line_breaks_where_a_value_is_missing() -> None:
    chart = Chart("A chart", (0.0, 5.0), (0.0, 1.0), "x", "y")
    chart.line(range(6), [0.0, 0.1, float("inf"), 0.2, 0.3, 0.4])
    assert chart.render().count("<polyline") == 2


def test_a_file_of_a_chart_is_svg_with_its_names() -> None:
    chart = Chart("A <chart>", (0.0, 1.0), (0.0, 1.0), "x & y", "y")
    chart.line([0.0, 1.0], [0.0, 1.0], 1)
    root = ElementTree.fromstring(chart.standalone(["first", "second & third"]))
    assert root.tag.endswith("svg")
    assert "second & third" in [element.text for element in root.iter()]


@given(st.floats(-1e3, 1e3), st.floats(1e-3, 1e3))
def test_ticks_lie_inside_and_are_even(low: float, width: float) -> None:
    found = ticks(low, low + width)
    assert 2 <= len(found) <= 12
    tolerance = 1e-6 * max(abs(low), width)
    assert low - tolerance <= found[0] <= found[-1] <= low + width + tolerance
    assert np.ptp(np.diff(found)) < 1e-6 * max(abs(low), width)
