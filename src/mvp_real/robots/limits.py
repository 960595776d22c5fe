"""The numbers that the limiter enforces for one robot and one policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray
from mvp_real.robots.joint_table import JointTable

# Peak over mean speed of a minimum-jerk motion from rest to rest.
MINIMUM_JERK_PEAK = 1.875


@dataclass(frozen=True, eq=False)
class Limits:
    """Limits of one arm or hand for one source of commands.

    Attributes:
        table: The robot.
        lower, upper: (7,) range of joint targets, rad: the device's limits shrunk by the margin.
        max_step: (7,) largest joint change per control period, rad.
        acceleration: (7,) largest growth of the commanded speed, rad/s^2.
        period: Control period that `max_step` refers to, s.
        command_age: Oldest image that a command may come from, s.
        reading_age: Oldest joint reading to act on, s.
        reading_lost: Time without a good joint reading after which the arm stops, s.
        heartbeat: Silence of the commanding side that leads to HOLD, s.
        first_command_gap: Largest distance of the first target after a pause from the measured joints, rad.
        tracking_gap: Largest distance of the measured joints from the last target, rad.
        clamped_ticks: Ticks in a row that may be clamped; one more stops.
        pushing_ticks: Ticks in a row against the same joint limit that stop.
        gap_ticks: Ticks in a row with a tracking gap that stop.
        gripper_interval: Least time between two changes of the gripper, s.
        burst: Largest saved-up motion in units of `max_step`, so that jitter of the commands is not clamped.
    """

    table: JointTable
    lower: FloatArray
    upper: FloatArray
    max_step: FloatArray
    acceleration: FloatArray
    period: float
    command_age: float
    reading_age: float = 0.05
    reading_lost: float = 0.5
    heartbeat: float = 0.5
    first_command_gap: float = 0.30  # two full steps: a learned policy may ask for more than the one it gets
    tracking_gap: float = 0.15
    clamped_ticks: int = 3
    pushing_ticks: int = 5
    gap_ticks: int = 3
    gripper_interval: float = 1.0
    burst: float = 1.5

    @staticmethod
    def from_table(
        table: JointTable,
        max_step: Sequence[float] | FloatArray | None = None,
        period: float | None = None,
    ) -> Limits:
        """Limits of a robot, tightened by a policy's card.

        Args:
            table: The robot.
            max_step: (7,) largest step per joint of the policy (card: 1.25 x the largest in the
                demonstrations), rad.
            period: Control period of the policy, s; the robot's own if None.

        Raises:
            MvpRealError: `max_step` has the wrong length or a value that is not positive.
        """
        period = table.control_period if period is None else float(period)
        if not period > 0.0:
            raise MvpRealError(f"the control period is {period} s; needs a positive time")
        # The interpolator covers a step in this time at least, so faster steps would break the speed limit.
        fastest = table.velocity_limit * (table.reach_fraction * period / MINIMUM_JERK_PEAK)
        step = np.minimum(np.full(table.arm_joints, table.max_step), fastest)
        if max_step is not None:
            own = np.asarray(max_step, dtype=np.float64)
            if own.shape != (table.arm_joints,) or not np.all(np.isfinite(own)) or not np.all(own > 0.0):
                raise MvpRealError(
                    f"max_step is {own.tolist()}; needs {table.arm_joints} positive numbers, one for each of "
                    + ", ".join(table.joint_names[: table.arm_joints])
                )
            step = np.minimum(step, own)
        return Limits(
            table=table,
            lower=table.lower[: table.arm_joints] + table.position_margin,
            upper=table.upper[: table.arm_joints] - table.position_margin,
            max_step=step,
            acceleration=np.array(table.acceleration_limit),
            period=period,
            command_age=2.0 * period,
        )
