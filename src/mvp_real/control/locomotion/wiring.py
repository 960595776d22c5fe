"""Whether a walking policy fits the robot it is wired to; a mismatch refuses to start."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from mvp_real.bundle import BundleError, Card, Walking
from mvp_real.control.locomotion.gait_clock import GAIT_PERIOD
from mvp_real.control.locomotion.spaces import ACTION_SIZE, TOKEN_SIZE, WINDOW, default_joints
from mvp_real.robots.digit import DigitTable

SHAPES = {"tokens": (WINDOW, TOKEN_SIZE), "mask": (WINDOW,), "action": (ACTION_SIZE,)}
TOLERANCE = 1e-9


def walking_of(table: DigitTable, gait_period: float = GAIT_PERIOD) -> Walking:
    """What a policy that is trained on this robot must put into its card."""
    return Walking(
        motors=table.motors,
        gain_motors=table.gain_motors,
        observed_joints=table.observed_joints,
        default_pose=tuple(table.default_pose.tolist()),
        default_joints=tuple(default_joints().tolist()),
        kp=tuple(table.kp.tolist()),
        kd=tuple(table.kd.tolist()),
        target_lower=tuple(table.target_lower.tolist()),
        target_upper=tuple(table.target_upper.tolist()),
        target_speed=tuple(table.target_speed.tolist()),
        target_scale=table.target_scale,
        gain_scale=table.gain_scale,
        gain_range=table.gain_range,
        control_period=table.control_period,
        window=WINDOW,
        gait_period=gait_period,
    )


def check_walking(card: Card, table: DigitTable) -> Walking:
    """Compare a card with the robot; the gait period is the policy's own affair.

    Returns:
        The card's `walking` section.

    Raises:
        BundleError: Another kind, robot, tensor shape, joint order, pose, gain, scale or period; the message names
            the field and both values.
    """
    walking = card.walking
    if card.kind != "locomotion" or walking is None:
        raise BundleError(
            f"bundle '{card.name}' is of kind '{card.kind}'; walking needs one of kind 'locomotion'"
        )
    if card.robot != table.name:
        raise BundleError(f"bundle '{card.name}' is for robot '{card.robot}', this one is '{table.name}'")
    for name, shape in SHAPES.items():
        found = card.tensor(name).shape
        if found != shape:
            raise BundleError(f"bundle '{card.name}': {name} has shape {found}; needs {shape}")
    wanted = walking_of(table)
    for field in fields(Walking):
        if field.name != "gait_period":
            _compare(card.name, field.name, getattr(walking, field.name), getattr(wanted, field.name))
    if not 0.2 <= walking.gait_period <= 4.0:
        raise BundleError(f"bundle '{card.name}': gait_period is {walking.gait_period} s; needs 0.2 to 4")
    return walking


def _compare(bundle: str, field: str, found: object, wanted: object) -> None:
    if not isinstance(wanted, tuple):
        found, wanted = (found,), (wanted,)
    assert isinstance(found, tuple)
    if len(found) != len(wanted):
        raise BundleError(f"bundle '{bundle}': {field} has {len(found)} entries, the robot {len(wanted)}")
    for k, (one, other) in enumerate(zip(found, wanted, strict=True)):
        same = (
            one == other if isinstance(other, str) else bool(np.isclose(one, other, rtol=0, atol=TOLERANCE))
        )
        if not same:
            place = f"{field}[{k}]" if len(wanted) > 1 else field
            raise BundleError(
                f"bundle '{bundle}' was trained with {place} {one}, the robot description has {other}; "
                "use a bundle made for this robot or train again"
            )
