"""How a robot walks: who stands when, how high feet rise, whether the arms swing against the legs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mvp_real.evaluation.locomotion.trajectory import Trajectory
from mvp_real.messages import FloatArray
from mvp_real.robots.digit import load_digit

SHORTEST_SWING = 0.1  # s off the ground that count as a swing and not as a bounce
LARGEST_LAG = 0.4  # s; half a gait cycle
# A positive angle moves the left leg and arm backwards and the right ones forwards (tests pin it on the model).
FORWARDS = {"left": -1.0, "right": 1.0}


@dataclass(frozen=True)
class Gait:
    """Contacts of one robot over its steady part.

    Attributes:
        single, double, flight: Shares of the time on one foot, both, none.
        cadence: Landings of either foot per second.
        clearance: Median over swings of the highest point of the sole above its place at the lift-off, m.
        stance_asymmetry: (left - right) / mean of the times that the feet stand.
    """

    single: float
    double: float
    flight: float
    cadence: float
    clearance: float
    stance_asymmetry: float


@dataclass(frozen=True)
class ArmSwing:
    """Coordination of arms and legs (Xiao 2023, fig. 6.8), means over both sides.

    Attributes:
        contralateral: Correlation of an arm's shoulder pitch with the other leg's hip pitch, both positive forwards.
        ipsilateral: The same with the leg of its own side.
        lag: Time by which the arm follows the other leg where their correlation is largest, s.
        largest: That largest correlation, over lags of half a gait cycle to either side.
        amplitude: Half the range of the shoulder pitch between its 5th and 95th percentile, rad.
    """

    contralateral: float
    ipsilateral: float
    lag: float
    largest: float
    amplitude: float


def gait(trajectory: Trajectory, robot: int) -> Gait | None:
    """Gait of one robot; None if it did not last until its steady part. One that stands has no swings: zeros."""
    steady = trajectory.steady(robot)
    standing = trajectory.standing[steady, robot]
    if not len(standing):
        return None
    swings = [swings_of(standing[:, foot], trajectory.period) for foot in (0, 1)]
    feet = standing.sum(axis=1)
    heights = [
        float(np.max(trajectory.sole[steady, robot, foot, 2][first:last]))
        - float(trajectory.sole[steady, robot, foot, 2][first])
        for foot in (0, 1)
        for first, last in swings[foot]
    ]
    share = standing.mean(axis=0)
    return Gait(
        float(np.mean(feet == 1)),
        float(np.mean(feet == 2)),
        float(np.mean(feet == 0)),
        len(heights) / (len(standing) * trajectory.period),
        float(np.median(heights)) if heights else 0.0,
        float((share[0] - share[1]) / share.mean()) if share.any() else 0.0,
    )


def swings_of(standing: NDArray[np.bool_], period: float) -> list[tuple[int, int]]:
    """(first, last + 1) step of each time a foot is off the ground, between two stances, without bounces."""
    changes = np.flatnonzero(np.diff(standing.astype(np.int8)))
    edges = [int(k) + 1 for k in changes]
    lifts = [k for k in edges if not standing[k]]
    lands = [k for k in edges if standing[k]]
    pairs = []
    for lift in lifts:
        land = next((k for k in lands if k > lift), None)
        if land is not None and (land - lift) * period >= SHORTEST_SWING - 1e-9:
            pairs.append((lift, land))
    return pairs


def arm_swing(trajectory: Trajectory, robot: int) -> ArmSwing | None:
    """Arm swing of one robot; None if an arm or a leg does not move in its steady part."""
    table = load_digit()
    angles = trajectory.motor_position[trajectory.steady(robot), robot]
    forward = {
        (side, part): FORWARDS[side] * angles[:, table.motor(f"{side}_{part}")]
        for side in FORWARDS
        for part in ("shoulder_pitch", "hip_pitch")
    }
    if len(angles) < 3 or min(float(np.ptp(values)) for values in forward.values()) < 1e-6:
        return None
    reach = round(LARGEST_LAG / trajectory.period)
    lags = range(-reach, reach + 1)
    curves, same = [], []
    for side, other in (("left", "right"), ("right", "left")):
        arm, leg = forward[side, "shoulder_pitch"], forward[other, "hip_pitch"]
        curves.append([correlation(arm, leg, lag) for lag in lags])
        same.append(correlation(arm, forward[side, "hip_pitch"]))
    curve = np.mean(curves, axis=0)
    best = int(np.argmax(curve))
    arms = np.stack([forward[side, "shoulder_pitch"] for side in FORWARDS], axis=1)
    low, high = np.quantile(arms, [0.05, 0.95], axis=0)
    return ArmSwing(
        float(curve[reach]),
        float(np.mean(same)),
        lags[best] * trajectory.period,
        float(curve[best]),
        float(np.mean(high - low) / 2),
    )


def correlation(follower: FloatArray, leader: FloatArray, lag: int = 0) -> float:
    """Pearson's correlation of `follower` (T,) with `leader` (T,) `lag` steps before; 0 if one is constant."""
    if lag >= 0:
        a, b = follower[lag:], leader[: len(leader) - lag]
    else:
        a, b = follower[:lag], leader[-lag:]
    if len(a) < 3 or np.ptp(a) < 1e-12 or np.ptp(b) < 1e-12:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])
