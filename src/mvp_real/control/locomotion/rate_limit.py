"""How far PD targets may move in one control period: a small multiple of the joints' own speed limits."""

from __future__ import annotations

import numpy as np

from mvp_real.control.locomotion.spaces import TARGETS
from mvp_real.messages import FloatArray
from mvp_real.robots.digit import DigitTable


def limit_rate(action: FloatArray, sent: FloatArray, table: DigitTable) -> FloatArray:
    """The action (..., 36) with its targets at most one period's motion away from those sent before (..., 36).

    The driver limits the same rate over the time between commands, with some slack for jitter. Done here as well, the
    policy's window holds what the robot really got.
    """
    step = table.target_speed * table.control_period / table.target_scale
    limited = np.array(action, dtype=np.float64)
    limited[..., TARGETS] = sent[..., TARGETS] + np.clip(
        action[..., TARGETS] - sent[..., TARGETS], -step, step
    )
    return limited
