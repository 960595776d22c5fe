"""README, docs and cards quote only figures that a results file holds.

A figure is followed by a comment that says where it comes from:

    15/16 (72 to 99 %) <!-- figure: studies/pick_fruit/results.json#mae_seed1/success_plain_evaluation_nodes
    --> 0.03 ms <!-- figure: benchmarks/results.json#limiter_command_median -->

Every number between the comment and the start of its table cell, sentence or line must be a rounding of a
figure of that row: k, n, value, low, high or ratio, as it is or in percent. Success counts in a table of the
README must carry such a comment.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from mvp_real.bundle import load_card

ROOT = Path(__file__).parents[1]
FIGURE = re.compile(r"<!--\s*figure:\s*([^\s#]+)#(\S+)\s*-->")
NUMBER = re.compile(r"\d+(?:[.,]\d+)*(?:e-?\d+)?")
COUNT = re.compile(r"(?<![\w./])\d{1,3}/(?:16|32|48|64|100|200)(?![\w/])")
PAIR = re.compile(r"(\d+)/(\d+)")
VERDICT = re.compile(r"not supported|supported|inconclusive")
FIELDS = ("k", "n", "value", "low", "high", "ratio")


def rows_of(path: Path) -> dict[str, dict[str, Any]]:
    """Rows of a results file by "subject/metric" (a study) or by name (benchmarks)."""
    content = json.loads(path.read_text(encoding="utf-8"))
    rows = content["rows"] if isinstance(content, dict) else content
    return {row["name"] if "name" in row else f"{row['subject']}/{row['metric']}": row for row in rows}


def quoted(line: str, end: int) -> str:
    """The text that a comment at `end` vouches for: back to the cell, the sentence, or the comment before."""
    start = max(line.rfind("|", 0, end), line.rfind("-->", 0, end), line.rfind(". ", 0, end), -1)
    return line[start + 1 : end].removeprefix("->")


def agrees(text: str, row: dict[str, Any]) -> bool:
    """Whether a number as printed is a rounding of one of the row's figures."""
    decimals = len(text.partition(".")[2]) if "e" not in text else None
    shown = float(text.replace(",", ""))
    for field in FIELDS:
        figure = row.get(field)
        if figure is None:
            continue
        for candidate in (float(figure), 100 * float(figure)):
            if decimals is None:
                if abs(shown - candidate) <= 0.05 * abs(candidate):
                    return True
            elif abs(shown - candidate) <= 0.5 * 10**-decimals + 1e-9:
                return True
    return False


def differences(said: str, row: dict[str, Any]) -> list[str]:
    """What a quoted text says otherwise than its row."""
    if row.get("verdict") and row.get("k") is None:
        verdicts = VERDICT.findall(said)
        return [] if verdicts[-1:] == [row["verdict"]] else ["no verdict, or another one, before"]
    counts = PAIR.findall(said)
    found = [
        f"{k}/{n} is no figure of" for k, n in counts if (int(k), int(n)) != (row.get("k"), row.get("n"))
    ]
    numbers = NUMBER.findall(PAIR.sub("", said))
    if not counts and not numbers:
        found.append("no figure before the comment on")
    return found + [f"{text} is no figure of" for text in numbers if not agrees(text, row)]


def lines_of(text: str) -> list[tuple[int, str]]:
    """Numbered lines of a Markdown text without its code blocks."""
    lines, code = [], False
    for number, line in enumerate(text.splitlines(), start=1):
        if line.lstrip().startswith("```"):
            code = not code
        elif not code:
            lines.append((number, line))
    return lines


def complaints(text: str, root: Path) -> list[str]:
    """Everything wrong with the figures of a Markdown text."""
    found = []
    for number, line in lines_of(text):
        for match in FIGURE.finditer(line):
            path, key = root / match[1], match[2]
            if not path.is_file():
                found.append(f"line {number}: no results file {match[1]}")
                continue
            rows = rows_of(path)
            if key not in rows:
                found.append(f"line {number}: no row '{key}' in {match[1]}")
                continue
            said = re.sub(r"`[^`]*`", "", quoted(line, match.start()))
            found += [
                f"line {number}: {wrong} '{key}' in {match[1]}" for wrong in differences(said, rows[key])
            ]
    return found


def unmarked(text: str) -> list[str]:
    """Success counts in tables without a comment that says where they come from."""
    return [
        f"line {number}: {cell.strip()}"
        for number, line in lines_of(text)
        if line.lstrip().startswith("|")
        for cell in line.split("|")
        if COUNT.search(cell) and not FIGURE.search(cell)
    ]


PAGES = sorted(
    path for pattern in ("*.md", "docs/**/*.md", "models/*/README.md") for path in ROOT.glob(pattern)
)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_quoted_figure_is_in_its_results_file(page: Path) -> None:
    assert complaints(page.read_text(encoding="utf-8"), ROOT) == []


def test_success_counts_of_the_readme_say_where_they_come_from() -> None:
    readme = ROOT / "README.md"
    if not readme.is_file():
        pytest.skip("no README yet")
    assert unmarked(readme.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("card", sorted(ROOT.glob("models/*/card.yaml")), ids=lambda path: path.parent.name)
def test_cards_quote_studies_as_they_are(card: Path) -> None:
    """A figure whose command is a study must be a row of that study's results, with equal counts."""
    for metric in load_card(card.parent, verify=False).metrics:
        match = re.search(r"studies/(\w+)/study\.yaml", metric.command)
        if match is None:
            continue
        rows = rows_of(ROOT / "studies" / match[1] / "results.json")
        row = rows[f"{metric.subject}/{metric.metric}"]
        assert (metric.k, metric.n) == (row["k"], row["n"])


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A made-up results tree."""
    rate = {"subject": "mae_seed1", "metric": "success", "k": 15, "n": 16, "value": 0.9375}
    study = {
        "rows": [
            {**rate, "low": 0.7167, "high": 0.9889},
            {"subject": "c", "metric": "v", "verdict": "supported"},
        ]
    }
    (tmp_path / "study.json").write_text(json.dumps(study))
    bench = [{"name": "limiter", "value": 0.03128, "unit": "ms", "ratio": 0.63}]
    (tmp_path / "bench.json").write_text(json.dumps(bench))
    return tmp_path


@pytest.mark.parametrize(
    "line",
    [
        "| mae | 15/16 (71.7 to 98.9 %) <!-- figure: study.json#mae_seed1/success --> | 3 |",
        "It picks 93.75 % <!-- figure: study.json#mae_seed1/success --> of them; 12 others fail.",
        "9. It takes 0.03 ms <!-- figure: bench.json#limiter -->, 0.63 x <!-- figure: bench.json#limiter -->",
        "The claim is supported <!-- figure: study.json#c/v -->.",
    ],
)
def test_true_figures_pass(site: Path, line: str) -> None:
    assert complaints(line, site) == []


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("| 16/16 (71.7 to 98.9 %) <!-- figure: study.json#mae_seed1/success --> |", "16/16 is no figure"),
        ("| 15/16 (71.7 to 99.9 %) <!-- figure: study.json#mae_seed1/success --> |", "99.9 is no figure"),
        ("0.04 ms <!-- figure: bench.json#limiter -->", "0.04 is no figure"),
        ("0.0312 ms <!-- figure: bench.json#limiter -->", "0.0312 is no figure"),
        ("fast <!-- figure: bench.json#limiter -->", "no figure before"),
        ("1 ms <!-- figure: bench.json#encoder -->", "no row 'encoder'"),
        ("1 ms <!-- figure: gone.json#limiter -->", "no results file"),
        ("not supported? It is inconclusive <!-- figure: study.json#c/v -->", "no verdict, or another"),
        ("It is not supported <!-- figure: study.json#c/v -->", "no verdict, or another"),
    ],
)
def test_false_figures_are_caught(site: Path, line: str, complaint: str) -> None:
    found = complaints(line, site)
    assert any(complaint in text for text in found), found


def test_code_blocks_are_examples(site: Path) -> None:
    line = "14/16 <!-- figure: study.json#mae_seed1/success -->"
    assert complaints(f"```\n{line}\n```", site) == []
    assert len(complaints(f"```\n{line}\n```\n\n{line}", site)) == 1


def test_counts_without_a_source_are_caught() -> None:
    assert unmarked("| mae | 15/16 |") == ["line 1: 15/16"]
    assert unmarked("| mae | 15/16 <!-- figure: a.json#b/c --> |") == []
    assert unmarked("16/16 in a sentence, a path a/16/b, | no table") == []
