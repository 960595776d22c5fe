from __future__ import annotations

from pathlib import Path

import pytest

from mvp_real.errors import MvpRealError
from mvp_real.evaluation.locomotion.walk_trial import WalkLog

from .synthetic import trial


def test_rows_come_back_from_the_disk(tmp_path: Path) -> None:
    log = WalkLog(tmp_path)
    row = [trial(index=k, success=k != 1) for k in range(3)]
    log.append(row)
    again = WalkLog(tmp_path)
    assert again.trials == row
    assert again.complete("a", "forward", 3)
    assert not again.complete("a", "forward", 4)
    assert not again.complete("b", "forward", 3)


def test_half_a_row_is_run_again_and_counts_once(tmp_path: Path) -> None:
    log = WalkLog(tmp_path)
    log.append([trial(index=k) for k in range(3)])
    content = log.path.read_bytes()
    log.path.write_bytes(content[:-40])  # as a crash leaves it
    again = WalkLog(tmp_path)
    assert len(again.trials) == 2
    assert not again.complete("a", "forward", 3)
    again.append([trial(index=k, success=False) for k in range(3)])
    last = WalkLog(tmp_path)
    assert [one.success for one in last.trials] == [False] * 3
    assert last.complete("a", "forward", 3)


def test_another_file_or_protocol_is_not_mixed_in(tmp_path: Path) -> None:
    log = WalkLog(tmp_path)
    log.append([trial()])
    log.require_same("a", "forward", "a0000000", "0" * 16)
    with pytest.raises(MvpRealError, match=r"policy a0000000, now it is b0000000"):
        log.require_same("a", "forward", "b0000000", "0" * 16)
    with pytest.raises(MvpRealError, match=r"protocol 000000000000, now it is 111111111111"):
        log.require_same("a", "forward", "a0000000", "1" * 16)


def test_a_line_of_another_version_is_named(tmp_path: Path) -> None:
    log = WalkLog(tmp_path)
    log.path.write_text('{"subject": "a"}\n')
    with pytest.raises(MvpRealError, match="line 1"):
        WalkLog(tmp_path)


@pytest.mark.parametrize(
    "wrong", [{"success": False}, {"category": "fell"}, {"category": "tired", "success": False}]
)
def test_an_outcome_and_its_category_agree(wrong: dict[str, object]) -> None:
    fields: dict[str, object] = {"success": True, "category": "", **wrong}
    with pytest.raises(ValueError, match="category"):
        trial(**fields)


def test_what_was_not_measured_is_absent() -> None:
    with pytest.raises(ValueError, match="leave out"):
        trial(measures={"turn": float("nan")})
