"""The numbers that Digit's driver enforces whatever it is told."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from mvp_real.messages import FloatArray
from mvp_real.robots.digit import DigitTable, load_digit

FALL_HEIGHT = 0.70  # m of the base; a little above the height at which an episode of training ends
FALL_TILT = 0.60  # norm of the projected gravity's horizontal part, about 37 degrees
READING_AGE = 0.040  # s, two control periods


@dataclass(frozen=True, eq=False)
class DigitLimits:
    """Limits of commands to the 20 motors.

    Attributes:
        table: The robot; torques are clipped at its `torque_limit`, gains kept in its `gain_range`.
        lower, upper: (20,) range of PD targets, rad.
        target_speed: (20,) largest speed of a PD target, rad/s.
        burst: Largest saved-up motion of a target in control periods, so that jitter of the commands is not clamped.
        command_age: Oldest measurement that a command may come from, s.
        command_timeout: Silence that stops the robot, s.
        reading_age: Oldest measurement to act on, s.
        first_command_gap: Largest distance of the first targets from the measured motors, rad.
    """

    table: DigitTable = field(default_factory=load_digit)
    burst: float = 1.5
    command_age: float = 0.06
    command_timeout: float = 0.10
    reading_age: float = READING_AGE
    first_command_gap: float = 0.5

    @property
    def lower(self) -> FloatArray:
        return self.table.target_lower

    @property
    def upper(self) -> FloatArray:
        return self.table.target_upper

    @property
    def target_speed(self) -> FloatArray:
        return self.table.target_speed

    def nearest_command(
        self, position: FloatArray, kp: FloatArray, kd: FloatArray, motors: FloatArray
    ) -> tuple[FloatArray, ...]:
        """Targets inside the ranges, gains inside theirs, toes in the default pose at their nominal gains.

        The target of a motor that has come within the margin of its joint's end does not lie beyond the margin, so
        that no motor pushes into its stop.

        Args:
            position, kp, kd: (20,) finite.
            motors: (20,) measured angles, rad.

        Returns:
            The same three within the limits.
        """
        table, toes = self.table, self.table.toe_indices
        low, high = table.gain_range
        inside = np.clip(position, self.lower, self.upper)
        low_end, high_end = table.lower + table.position_margin, table.upper - table.position_margin
        inside = np.where(motors < low_end, np.maximum(inside, low_end), inside)
        inside = np.where(motors > high_end, np.minimum(inside, high_end), inside)
        kp, kd = np.clip(kp, low * table.kp, high * table.kp), np.clip(kd, low * table.kd, high * table.kd)
        inside[toes], kp[toes], kd[toes] = table.default_pose[toes], table.kp[toes], table.kd[toes]
        return inside, kp, kd


def fall_reason(gravity: FloatArray, height: float) -> str:
    """Why the robot counts as fallen, or an empty string.

    Args:
        gravity: (3,) direction of gravity in the base frame.
        height: Of the base above the ground, m.
    """
    tilt = float(np.hypot(gravity[0], gravity[1]))
    if tilt > FALL_TILT or gravity[2] > 0.0:
        return f"the base is tilted: horizontal gravity {tilt:.2f}, the limit is {FALL_TILT:.2f}"
    if height < FALL_HEIGHT:
        return f"the base is {height:.2f} m high; the limit is {FALL_HEIGHT:.2f} m"
    return ""
