"""The newest measurements of the robot, and whether a tick may act on them (specification, rule 2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mvp_real.geometry import projected_gravity
from mvp_real.messages import BaseReading, FloatArray, ImuReading, JointReading
from mvp_real.robots.digit import DigitTable
from mvp_real.robots.digit_limits import READING_AGE
from mvp_real.robots.input_checks import CLOCK_TOLERANCE

SOURCES = ("joint state", "IMU", "base velocity")


@dataclass(frozen=True)
class AgeLimits:
    """Ages of the measurements in s: joint state, IMU, base velocity.

    Attributes:
        late: What is older is counted and reported; the policy goes on.
        lost: What is older leaves the robot without a policy.
        frozen_ticks: Ticks in a row with exactly the same joint positions and speeds that count as frozen encoders.
    """

    late: tuple[float, float, float] = (0.010, 0.010, 0.020)
    lost: tuple[float, float, float] = (READING_AGE, READING_AGE, READING_AGE)
    frozen_ticks: int = 3


@dataclass(frozen=True, eq=False)
class Sample:
    """What a tick knows of the robot.

    Attributes:
        joint_position, joint_velocity: (26,) of the observed joints, rad and rad/s.
        motor_targets: (20,) PD targets that explain the measured torques at the nominal gains, rad.
        linear_velocity, angular_velocity: (3,) of the base in its own frame, m/s and rad/s.
        gravity: (3,) direction of gravity in the base frame.
        height: Of the base above the ground, m.
        ages: (3,) of joint state, IMU and base velocity, s.
        late: Which of `SOURCES` are older than they should be.
        stamp: Time of the oldest of the measurements, s.
    """

    joint_position: FloatArray
    joint_velocity: FloatArray
    motor_targets: FloatArray
    linear_velocity: FloatArray
    angular_velocity: FloatArray
    gravity: FloatArray
    height: float
    ages: tuple[float, float, float]
    late: tuple[str, ...]
    stamp: float


class Proprioception:
    """Collects measurements as they come; each tick takes what is there.

    Args:
        table: The robot.
        limits: Ages.

    Attributes:
        refused: Messages that could not be used.
        out_of_order: Messages older than one before.
    """

    def __init__(self, table: DigitTable, limits: AgeLimits | None = None) -> None:
        self.limits = limits or AgeLimits()
        self.refused = 0
        self.out_of_order = 0
        self._table = table
        self._names = (*table.motors, *table.joints)
        self._observed = np.concatenate(
            [table.observed_motors, np.arange(len(table.motors), len(self._names))]
        )
        self._problem = ""
        self._joints: JointReading | None = None
        self._imu: ImuReading | None = None
        self._base: BaseReading | None = None
        self._seen, self._seen_at = b"", float("nan")
        self._same = 0

    def joints(self, reading: JointReading) -> None:
        """Take a joint state of the 20 motors and 10 passive joints, in the order of the robot's table."""
        count = len(self._names)
        parts = [reading.position, *(part for part in (reading.velocity, reading.effort) if part is not None)]
        if reading.names != self._names:
            wrong = next(
                (a for a, b in zip(reading.names, self._names, strict=False) if a != b), "too few or many"
            )
            self._refuse(f"joint state has other joints than '{self._table.name}' ({wrong})")
        elif reading.velocity is None or any(part.shape != (count,) for part in parts):
            self._refuse(f"joint state needs {count} positions and speeds")
        elif not all(np.isfinite(part).all() for part in parts):
            self._refuse("joint state is not finite")
        elif self._in_order(self._joints, reading.stamp):
            self._joints = reading

    def imu(self, reading: ImuReading) -> None:
        """Take the orientation and angular velocity of the base."""
        norm = float(np.linalg.norm(reading.orientation))
        if not (abs(norm - 1.0) < 1e-3 and np.isfinite(reading.angular_velocity).all()):
            self._refuse("IMU reading is not finite, or its orientation is no unit quaternion")
        elif self._in_order(self._imu, reading.stamp):
            self._imu = reading

    def base(self, reading: BaseReading) -> None:
        """Take the estimate of the base's height and velocity."""
        if not (np.isfinite(reading.position).all() and np.isfinite(reading.linear_velocity).all()):
            self._refuse("base velocity is not finite")
        elif self._in_order(self._base, reading.stamp):
            self._base = reading

    def forget(self) -> None:
        """Drop everything, so that nothing from before is acted on."""
        self._joints = self._imu = self._base = None
        self._problem, self._same = "", 0

    def take(self, now: float, moving: bool = True) -> Sample | str:
        """The newest measurements, or why no tick may act on them.

        Args:
            now: Time of the tick, s.
            moving: Whether the robot must be moving, so that unchanging measurements mean frozen encoders.
        """
        if self._joints is None or self._imu is None or self._base is None:
            missing = [name for name, value in zip(SOURCES, self._newest(), strict=True) if value is None]
            return f"no {' and no '.join(missing)} yet{self._because()}"
        stamps = (self._joints.stamp, self._imu.stamp, self._base.stamp)
        ages = (now - stamps[0], now - stamps[1], now - stamps[2])
        for name, age, limit in zip(SOURCES, ages, self.limits.lost, strict=True):
            if age < -CLOCK_TOLERANCE:
                return f"stamp of the {name} lies {-age:.3f} s in the future: a clock has jumped"
            if age > limit:
                return f"{name} is {age:.3f} s old; the limit is {limit:.3f} s{self._because()}"
        if moving and self._frozen(self._joints):
            return f"the same joint state on {self._same} ticks: the encoders are frozen"
        self._problem = ""
        late = tuple(
            name for name, age, limit in zip(SOURCES, ages, self.limits.late, strict=True) if age > limit
        )
        return self._sample(self._joints, self._imu, self._base, ages, late)

    def _sample(
        self,
        joints: JointReading,
        imu: ImuReading,
        base: BaseReading,
        ages: tuple[float, float, float],
        late: tuple[str, ...],
    ) -> Sample:
        assert joints.velocity is not None  # refused otherwise
        table = self._table
        motors = slice(0, len(table.motors))
        targets = joints.position[motors].copy()
        if joints.effort is not None:
            targets += (joints.effort[motors] + table.kd * joints.velocity[motors]) / table.kp
        return Sample(
            joint_position=joints.position[self._observed],
            joint_velocity=joints.velocity[self._observed],
            motor_targets=targets,
            linear_velocity=base.linear_velocity,
            angular_velocity=imu.angular_velocity,
            gravity=projected_gravity(imu.orientation),
            height=float(base.position[2]),
            ages=ages,
            late=late,
            stamp=min(joints.stamp, imu.stamp, base.stamp),
        )

    def _frozen(self, joints: JointReading) -> bool:
        """Count ticks with exactly the same joint state; a real encoder never gives 52 equal numbers twice."""
        if joints.stamp == self._seen_at:
            return False  # one message seen twice is late, which its age tells
        self._seen_at = joints.stamp
        assert joints.velocity is not None
        seen = joints.position.tobytes() + joints.velocity.tobytes()
        self._same = self._same + 1 if seen == self._seen else 1
        self._seen = seen
        return self._same >= self.limits.frozen_ticks

    def _newest(self) -> tuple[JointReading | None, ImuReading | None, BaseReading | None]:
        return self._joints, self._imu, self._base

    def _in_order(self, last: JointReading | ImuReading | BaseReading | None, stamp: float) -> bool:
        if not np.isfinite(stamp):
            self._refuse("a stamp is not finite")
            return False
        if last is not None and stamp < last.stamp:
            self.out_of_order += 1
            return False
        return True

    def _refuse(self, reason: str) -> None:
        self.refused += 1
        self._problem = reason

    def _because(self) -> str:
        return f" ({self._problem})" if self._problem else ""
