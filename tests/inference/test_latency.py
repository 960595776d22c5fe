"""Start-up latency and the refusal to arm a robot whose models are too slow."""

from __future__ import annotations

import pytest

from mvp_real.clocks import ManualClock
from mvp_real.inference.latency import (
    MEASURED_CALLS,
    WARM_UP_CALLS,
    StartupLatency,
    TooSlowError,
    measure,
    refuse_when_slow,
)


def test_the_first_calls_are_not_counted() -> None:
    clock = ManualClock()
    calls = 0

    def call() -> None:
        nonlocal calls
        clock.advance(1.0 if calls < WARM_UP_CALLS else 0.01)
        calls += 1

    latency = measure("model", call, clock=clock.now)
    assert calls == WARM_UP_CALLS + MEASURED_CALLS
    assert latency.largest == pytest.approx(0.01)
    assert latency.p95 == pytest.approx(0.01)


def part(name: str, p95: float) -> StartupLatency:
    return StartupLatency(name, p95, p95, p95, 50)


def test_the_limit_is_one_hundred_milliseconds_for_both_together_to_the_millisecond() -> None:
    refuse_when_slow(part("encoder", 0.090), part("controller", 0.009))
    with pytest.raises(
        TooSlowError, match=r"take 101\.0 ms.*encoder: p95 90\.0 ms.*controller: p95 11\.0 ms"
    ):
        refuse_when_slow(part("encoder", 0.090), part("controller", 0.011))


def test_the_limit_can_be_set() -> None:
    refuse_when_slow(part("encoder", 0.3), limit=0.4)
    with pytest.raises(TooSlowError, match="50 ms is allowed"):
        refuse_when_slow(part("encoder", 0.06), limit=0.05)
