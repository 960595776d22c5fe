"""How long a model takes on this machine, measured at start-up: a robot that cannot keep its period does not
arm.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mvp_real.errors import MvpRealError

WARM_UP_CALLS = 5
MEASURED_CALLS = 50
LIMIT = 0.1  # s; encoder and controller together, p95 (specification, rule 3)


@dataclass(frozen=True)
class StartupLatency:
    """Times of warm calls.

    Attributes:
        name: What was measured.
        median, p95, largest: s.
        calls: Number of measured calls.
    """

    name: str
    median: float
    p95: float
    largest: float
    calls: int

    def __str__(self) -> str:
        return (
            f"{self.name}: p95 {1e3 * self.p95:.1f} ms, median {1e3 * self.median:.1f} ms, "
            f"largest {1e3 * self.largest:.1f} ms over {self.calls} warm calls"
        )


class TooSlowError(MvpRealError):
    """The models take longer than the control loop allows; the robot must not be armed."""


def measure(
    name: str,
    call: Callable[[], Any],
    calls: int = MEASURED_CALLS,
    clock: Callable[[], float] = time.perf_counter,
) -> StartupLatency:
    """Time `calls` warm calls of a model."""
    for _ in range(WARM_UP_CALLS):
        call()
    times = []
    for _ in range(calls):
        start = clock()
        call()
        times.append(clock() - start)
    return StartupLatency(
        name, float(np.median(times)), float(np.percentile(times, 95)), float(np.max(times)), calls
    )


def refuse_when_slow(*parts: StartupLatency, limit: float = LIMIT) -> None:
    """Refuse to arm when the parts together exceed the limit.

    Args:
        parts: Latencies of the models that run one after the other, e.g. encoder and controller.
        limit: Largest sum of their 95th percentiles, s.

    Raises:
        TooSlowError: The message names each part.
    """
    total = sum(part.p95 for part in parts)
    if total > limit:
        raise TooSlowError(
            f"the models take {1e3 * total:.1f} ms (p95) but {1e3 * limit:.0f} ms is allowed ("
            + "; ".join(map(str, parts))
            + "); use a smaller encoder, more threads or another provider"
        )
