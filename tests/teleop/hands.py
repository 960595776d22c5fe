"""Samples of a hand for tests."""

from __future__ import annotations

from typing import Any

import numpy as np

from mvp_real.teleop.hand_sample import HandSample


def sample(
    stamp: float, position: tuple[float, float, float] = (0.0, 0.0, 1.0), **changes: Any
) -> HandSample:
    """A tracked right hand with the clutch held."""
    values: dict[str, Any] = {"source": "webxr", "side": "right", "tracked": True, "clutch": True} | changes
    return HandSample(stamp=stamp, position=np.array(position), **values)
