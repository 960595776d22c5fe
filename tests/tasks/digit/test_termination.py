"""Falls and their reasons."""

from __future__ import annotations

import numpy as np
import pytest

from mvp_real.tasks.digit.termination import REASONS, Termination

UPRIGHT = np.array([0.0, 0.0, -1.0])


def reasons(height: float = 1.0, gravity: np.ndarray = UPRIGHT, collision: bool = False, diverged: bool = False,
            limits: Termination | None = None) -> list[str]:  # fmt: skip
    found = (limits or Termination()).reasons(
        np.array([height]), gravity[None], np.array([collision]), np.array([diverged])
    )
    return [name for name, holds in zip(REASONS, found[0], strict=True) if holds]


def test_upright_is_no_fall() -> None:
    assert reasons() == []


@pytest.mark.parametrize(
    ("robot", "expected"),
    [
        ({"height": 0.64}, ["height"]),
        ({"height": float("nan")}, ["height"]),
        ({"gravity": np.array([0.0, 0.61, -0.79])}, ["tilt"]),
        ({"gravity": np.array([0.0, 0.1, 0.99])}, ["tilt"]),  # upside down
        ({"gravity": np.full(3, np.nan)}, ["tilt"]),
        ({"collision": True}, ["collision"]),
        ({"diverged": True}, ["diverged"]),
        ({"height": 0.3, "collision": True}, ["height", "collision"]),
    ],
)
def test_reasons(robot: dict, expected: list[str]) -> None:
    assert reasons(**robot) == expected


def test_limits_can_be_moved() -> None:
    limits = Termination(height=0.5, tilt=0.9, collision=False)
    assert reasons(0.6, np.array([0.8, 0.0, -0.6]), collision=True, limits=limits) == []
