"""A recording that ends anywhere is readable up to its last whole message; 24 points here, 200 by command."""

from __future__ import annotations

from pathlib import Path

from .crash_points import cut, killed, recording


def test_killed_recorders(tmp_path: Path) -> None:
    points = [killed(tmp_path, seed) for seed in range(8)]
    assert [point for point in points if not point.passed] == []
    assert max(point.written for point in points) > 5


def test_cut_recordings(tmp_path: Path) -> None:
    content, ends = recording(tmp_path, 60)
    points = [cut(tmp_path, seed, content, ends) for seed in range(16)]
    assert [point for point in points if not point.passed] == []
    assert len({point.readable for point in points}) >= 6
