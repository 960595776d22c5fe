from __future__ import annotations

from pathlib import Path

import pytest

from mvp_real.errors import MvpRealError
from mvp_real.evaluation.trials import CATEGORIES, TrialLog, count, read_trials

from .trial_fixture import trial, trials_of


def test_a_log_survives_being_opened_again(tmp_path: Path) -> None:
    log = TrialLog(tmp_path)
    trials = trials_of({"a": 0.5, "b": 0.9}, placements=4)
    for item in trials:
        log.append(item)
    again = TrialLog(tmp_path)
    assert again.trials == trials
    assert trials[0].key in again
    assert trial("c").key not in again


def test_a_line_cut_off_by_a_crash_is_run_again_and_spoils_nothing(tmp_path: Path) -> None:
    log = TrialLog(tmp_path)
    log.append(trial(index=0))
    log.append(trial(index=1))
    content = log.path.read_bytes()
    log.path.write_bytes(content[:-25])
    resumed = TrialLog(tmp_path)
    assert [item.placement for item in resumed.trials] == ["validation-00"]
    resumed.append(trial(index=1))
    resumed.append(trial(index=2))
    assert [item.placement for item in read_trials(log.path)] == [f"validation-{i:02d}" for i in range(3)]


def test_a_trial_is_never_counted_twice(tmp_path: Path) -> None:
    log = TrialLog(tmp_path)
    log.append(trial())
    with pytest.raises(ValueError, match="already"):
        log.append(trial(success=False))


def test_a_changed_bundle_is_not_mixed_with_finished_trials(tmp_path: Path) -> None:
    log = TrialLog(tmp_path)
    log.append(trial("a", digest="aaaa"))
    log.require_same_bundle("a", "plain", "aaaa")
    log.require_same_bundle("b", "plain", "bbbb")
    log.require_same_bundle("a", "varied", "cccc")
    with pytest.raises(MvpRealError, match="another --out"):
        log.require_same_bundle("a", "plain", "cccc")


def test_a_record_of_another_version_is_named(tmp_path: Path) -> None:
    log = TrialLog(tmp_path)
    log.append(trial())
    log.path.write_text(log.path.read_text().replace('"scene"', '"room"'))
    with pytest.raises(MvpRealError, match="line 1"):
        TrialLog(tmp_path)


def test_success_and_category_must_agree() -> None:
    with pytest.raises(ValueError, match="success"):
        trial(success=True, category="timeout")
    with pytest.raises(ValueError, match="success"):
        trial(success=False, category="")
    with pytest.raises(ValueError, match="perception_miss"):
        trial(success=False, category="bad luck")
    assert all(CATEGORIES.values())


def test_count() -> None:
    assert count([trial(), trial(success=False), trial()]) == (2, 3)
