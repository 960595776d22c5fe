"""Percentiles of durations."""

from __future__ import annotations

from mvp_real.nodes.durations import HISTORY, Durations


def test_percentiles_are_in_milliseconds() -> None:
    durations = Durations()
    assert durations.report("x") == {}
    for k in range(101):
        durations.add(k / 1000)
    report = durations.report("encode")
    assert report["encode p50 (ms)"] == "50.00"
    assert report["encode p95 (ms)"] == "95.00"
    assert report["encode max (ms)"] == "100.00"
    assert report["encode count"] == "101"


def test_the_oldest_are_forgotten() -> None:
    durations = Durations()
    durations.add(1000.0)
    for _ in range(HISTORY):
        durations.add(0.001)
    assert durations.report("x")["x max (ms)"] == "1.00"
