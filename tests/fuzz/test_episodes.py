"""A recording cut anywhere: what is complete comes back, or a named refusal; more bytes never give fewer steps."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest
from fuzz.files import episode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mvp_real.demos.reader import read_demonstration
from mvp_real.errors import MvpRealError

STEPS = 3


@functools.cache
def recording() -> bytes:
    return episode(STEPS)


def steps(path: Path, data: bytes) -> int:
    path.write_bytes(data)
    try:
        demonstration = read_demonstration(path)
    except MvpRealError:
        return 0
    images = list(demonstration.frames)
    assert len(images) == len(demonstration) == len(demonstration.state) == len(demonstration.executed)
    return len(demonstration)


def test_the_whole_recording_has_all_steps(tmp_path: Path) -> None:
    assert steps(tmp_path / "whole.mcap", recording()) == STEPS


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_cut_at_any_byte_loses_only_what_comes_after(tmp_path: Path, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(recording())))
    more = data.draw(st.integers(cut, len(recording())))
    path = tmp_path / "cut.mcap"
    assert steps(path, recording()[:cut]) <= steps(path, recording()[:more]) <= STEPS


@pytest.mark.slow
def test_a_cut_at_every_byte(tmp_path: Path) -> None:
    path = tmp_path / "cut.mcap"
    before = 0
    for cut in range(0, len(recording()), 7):
        now = steps(path, recording()[:cut])
        assert now >= before, cut
        before = now


@pytest.mark.parametrize("tail", [b"\x00" * 4096, b"\xff" * 4096])
def test_a_tail_of_zeros_or_ones_is_no_content(tmp_path: Path, tail: bytes) -> None:
    half = recording()[: len(recording()) // 2]
    assert steps(tmp_path / "tail.mcap", half + tail) <= STEPS
