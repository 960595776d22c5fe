"""What may be sent to the arm: targets through the limiter, the way home among them, and the points between them."""

from __future__ import annotations

from mvp_real.messages import JointReading, JointTarget
from mvp_real.robots.homing import WayHome
from mvp_real.robots.limits import Limits
from mvp_real.robots.safety import Limiter
from mvp_real.robots.table import RobotTable
from mvp_real.robots.verdict import DriverState, Verdict
from mvp_real.robots.xarm7.servo_stream import ServoStream


class LimitedMotion:
    """Limiter, servo stream and homing of one arm. Pure: times and readings are handed in.

    Args:
        table: The robot.
        limits: Numbers of the limiter.
        period: Time between two servo points, s.

    Attributes:
        limiter: Its state is the driver's.
        stream: The points.
    """

    def __init__(self, table: RobotTable, limits: Limits, period: float) -> None:
        self.limiter = Limiter(limits)
        self.stream = ServoStream(table, period)
        self._limits = limits
        self._way_home = WayHome()

    @property
    def homing(self) -> bool:
        """Whether the arm is on its way to the start pose."""
        return self._way_home.under_way

    def use(self, limits: Limits) -> None:
        """Other limits; counters and a latched stop stay."""
        before, self._limits = self.limiter, limits
        self.limiter = Limiter(limits)
        if before.state is DriverState.STOPPED:
            self.limiter.stop(before.reason)
        self.limiter.counters = before.counters

    def command(self, target: JointTarget, reading: JointReading, now: float) -> Verdict:
        """Hand in a target of the policy."""
        if self.homing:
            return Verdict(None, self.limiter.state, False, "on the way home")
        return self._command(target, reading, now)

    def go_home(self, reading: JointReading, now: float) -> None:
        """From now on targets towards the start pose; those of others are refused."""
        self._way_home.begin(reading.position, self._limits, now)

    def end_homing(self) -> None:
        """No further target towards the start pose."""
        self._way_home.end()

    def watch(self, reading: JointReading, now: float) -> Verdict:
        """Hand in the next target home if one is due, and look after age, silence and tracking."""
        self._way_home.feed(now, self.limiter.state, lambda target: self._command(target, reading, now))
        return self.limiter.watch(reading, now)

    def _command(self, target: JointTarget, reading: JointReading, now: float) -> Verdict:
        verdict = self.limiter.command(target, reading, now)
        if verdict.position is not None:
            self.stream.set_target(verdict.position, self._limits.period)
        return verdict
