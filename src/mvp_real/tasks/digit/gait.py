"""The gait that the reward asks for: clock, desired contacts and foot targets (Xiao 2023, sec. 6.4.3, eq. 6.10).

The phase runs from 0 to 1 in one gait period. A foot's own phase is the common phase on the left and half a period
later on the right; a foot stands in the first half of its phase and swings in the second. The thesis names Raibert's
heuristic and a smoothing of 0.04 only; period, clearance and the profile of the swing are ours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mvp_real.control.locomotion.gait_clock import GAIT_PERIOD
from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray

FOOT_OFFSETS = np.array([0.0, 0.5])  # of the phase, left and right
_DEVIATIONS = np.linspace(-6.0, 6.0, 6001)
_NORMAL = np.array([0.5 * (1.0 + math.erf(x / math.sqrt(2.0))) for x in _DEVIATIONS])


@dataclass(frozen=True)
class Gait:
    """Shape of the gait.

    Attributes:
        period: s for one step of each foot.
        clearance: Height of the sole in the middle of the swing, m.
        contact_deviation: Standard deviation of the smoothing of the desired contact, in phase.
        velocity_gain: s by which the target of a swinging foot moves with the excess of the velocity over the command
            (Raibert's feedback); 0 leaves the targets a function of clock and command.
    """

    period: float = GAIT_PERIOD
    clearance: float = 0.12
    contact_deviation: float = 0.04
    velocity_gain: float = 0.0

    def __post_init__(self) -> None:
        if not 0.2 <= self.period <= 4.0:
            raise MvpRealError(f"gait period is {self.period} s; needs 0.2 to 4")
        if not 0.0 <= self.clearance <= 0.4:
            raise MvpRealError(f"gait clearance is {self.clearance} m; needs 0 to 0.4")
        if not 0.0 < self.contact_deviation <= 0.2:
            raise MvpRealError(
                f"gait contact_deviation is {self.contact_deviation}; needs more than 0, at most 0.2"
            )


def clock(phase: FloatArray) -> FloatArray:
    """(..., 2) sine and cosine of the common phase (...)."""
    angle = 2.0 * np.pi * phase
    return np.stack([np.sin(angle), np.cos(angle)], axis=-1)


def foot_phases(phase: FloatArray) -> FloatArray:
    """(..., 2) phases of the left and the right foot in [0, 1)."""
    return np.mod(phase[..., None] + FOOT_OFFSETS, 1.0)


def desired_contact(foot_phase: FloatArray, deviation: float = 0.04) -> FloatArray:
    """How much a foot should stand at its phase in [0, 1): 1 stance, 0 swing, smoothed by a normal distribution.

    `N(p) (1 - N(p - 0.5)) + N(p - 1) (1 - N(p - 1.5))` with the cumulative distribution N of the given deviation;
    the thesis's "kappa = 0.04" read as a deviation, because a true concentration of 0.04 would be flat.
    """
    first = _normal(foot_phase, deviation) * (1.0 - _normal(foot_phase - 0.5, deviation))
    second = _normal(foot_phase - 1.0, deviation) * (1.0 - _normal(foot_phase - 1.5, deviation))
    return first + second


def foot_clearance(foot_phase: FloatArray, height: float, deviation: float = 0.04) -> FloatArray:
    """Height of the sole above the ground, m: zero in stance, `height` in the middle of the swing."""
    swing = np.clip(2.0 * foot_phase - 1.0, 0.0, 1.0)
    profile = 1.0 - np.abs(1.0 - 2.0 * swing)
    return height * (1.0 - desired_contact(foot_phase, deviation)) * profile


def foot_targets(
    phase: FloatArray,
    command: FloatArray,
    stance: FloatArray,
    gait: Gait,
    velocity: FloatArray | None = None,
) -> FloatArray:
    """Where both soles should be, relative to the base, x ahead; z is the height above the ground.

    A standing foot moves as the ground does under a base that follows the command: in Raibert's heuristic it lands
    half a stance's travel ahead of its neutral place and leaves half behind it. A turn moves the ground by the cross
    product with the foot's place.

    Args:
        phase: (N,) common phase.
        command: (N, 3) forward and sideways in m/s, turn in rad/s.
        stance: (2, 2) neutral place of the left and the right sole, m.
        gait: Shape of the gait.
        velocity: (N, 2) velocity of the base, m/s; needed for `gait.velocity_gain`.

    Returns:
        (N, 2, 3) m.
    """
    own = foot_phases(phase)
    travel = (np.abs(1.0 - 2.0 * own) - 0.5) * (0.5 * gait.period)
    targets = np.empty((*own.shape, 3))
    turn = command[:, None, 2]
    targets[..., 0] = stance[:, 0] + travel * (command[:, None, 0] - turn * stance[:, 1])
    targets[..., 1] = stance[:, 1] + travel * (command[:, None, 1] + turn * stance[:, 0])
    if velocity is not None and gait.velocity_gain:
        swing = 1.0 - desired_contact(own, gait.contact_deviation)
        targets[..., :2] += swing[..., None] * (gait.velocity_gain * (velocity - command[:, :2]))[:, None]
    targets[..., 2] = foot_clearance(own, gait.clearance, gait.contact_deviation)
    return targets


def _normal(phase: FloatArray, deviation: float) -> FloatArray:
    return np.interp(phase / deviation, _DEVIATIONS, _NORMAL)
