"""Whatever reason a robot gives, an operator finds it in the how-to page."""

from __future__ import annotations

from pathlib import Path

from .reasons import reasons

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "stops_and_recovery.md"


def test_the_search_finds_reasons_of_every_kind() -> None:
    found = reasons()
    for known in (
        "clamped steps in a row",
        "deadman switch released",
        "rad from its target: blocked or lagging",
        "the controller box gave no answer within",
        "the walking controller has left the robot",
        "no joint angles of the",
    ):
        assert known in found
    assert len(found) > 50


def test_every_reason_stands_in_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    absent = [f"{module}: {text}" for text, module in reasons().items() if text not in page]
    assert not absent, f"add to {PAGE.name}: {absent}"
