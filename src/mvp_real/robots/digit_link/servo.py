"""What the driver decides a thousand times a second, as pure logic: measurements and time in, motor commands out.

Until a policy's first good command nothing is sent that the robot could execute: the vendor's controller has it. From
then on the limiter's output is turned into torques and damping, with damping as what the robot shall do if we fall
silent. Silence of the robot, its error flag and a restart stop and latch, as everything else does that the limiter
(`robots/digit_limiter.py`) looks after.
"""

from __future__ import annotations

from collections import Counter
from enum import Enum

import numpy as np

from mvp_real.messages import PdCommand
from mvp_real.robots.digit_limiter import DigitLimiter, DigitVerdict, Posture
from mvp_real.robots.digit_limits import DigitLimits
from mvp_real.robots.digit_link.command import MotorCommand, OperationMode
from mvp_real.robots.digit_link.measurement import Measurement
from mvp_real.robots.digit_link.observation import MotorLimits
from mvp_real.robots.digit_link.stream import LINK_TIMEOUT
from mvp_real.robots.verdict import LATCHED, DriverState

MOVING = (DriverState.RUNNING, DriverState.HOLD)


class Authority(Enum):
    """Who has the robot, as far as the driver has said."""

    WATCHING = "watching"  # nothing was commanded since the robot started
    DRIVING = "driving"  # commands are applied
    RETURNED = "returned"  # the vendor's controller was asked to stand
    RELEASED = "released"  # after a stop: the motors damp until somebody asks for the vendor's controller


class DigitServo:
    """Limiter, torque law and the rules of the link.

    Args:
        limits: Of the limiter.
        shadow: Never command anything; all else goes on as if.
        idle_commands: Before anything was commanded send commands that are not to be applied, for a robot that does
            not answer to a description alone.
        link_timeout: Silence of the robot that stops, s of wall time.

    Attributes:
        limiter: The driver's output filter.
        measurement: The newest; None before the first.
        authority: Who has the robot.
        robot_limits: What the robot clamps to; None before it is connected.
        link_problem: Why there is no connection, if more is known than that.
    """

    def __init__(
        self,
        limits: DigitLimits | None = None,
        shadow: bool = False,
        idle_commands: bool = False,
        link_timeout: float = LINK_TIMEOUT,
    ) -> None:
        self.limiter = DigitLimiter(limits)
        self.measurement: Measurement | None = None
        self.authority = Authority.WATCHING
        self.robot_limits: MotorLimits | None = None
        self.counters: Counter[str] = Counter()
        self.link_problem = ""
        self._table = self.limiter.limits.table
        self._shadow, self._timeout = shadow, link_timeout
        self._idle_commands = idle_commands
        self._posture: Posture | None = None
        self._error = False
        self._connected = False
        self._zero = np.zeros(len(self._table.motors))

    # What comes from the robot.

    def connected(self, limits: MotorLimits) -> None:
        """The robot has described itself."""
        self.robot_limits, self._connected = limits, True

    def disconnected(self, reason: str) -> None:
        """The connection is gone: what was measured before is not acted on any more."""
        if self.limiter.state in MOVING:
            self.limiter.stop(reason)
        self._posture, self._connected = None, False

    def observe(self, measurement: Measurement, error: bool) -> None:
        """Take a measurement and the robot's error flag."""
        self.measurement = measurement
        self._posture = measurement.posture(len(self._table.motors))
        if error and not self._error:
            self.counters["error flags"] += 1
        self._error = error
        if error and self.limiter.state in MOVING:
            self.limiter.stop(f"the robot reports an error{self._delay()}")

    def restarted(self, reason: str) -> None:
        """The robot's control program has begun anew: whatever it was told is lost, and it is told nothing.

        People may be about to stand it up with the vendor's tools, where a command to damp would drop it.
        """
        self.counters["robot restarts"] += 1
        if self.limiter.state in MOVING:
            self.limiter.stop(reason)
        self.authority = Authority.WATCHING

    # What the operator and the policy ask for.

    def enable(self, now: float) -> DigitVerdict:
        """Wait for commands."""
        problem = self._unfit()
        if problem and self.limiter.state not in LATCHED:
            return DigitVerdict(self.limiter.state, problem)
        return self.limiter.enable(self._posture or _nowhere(), now)

    def disable(self) -> None:
        """Give the robot back to the vendor's controller, in good order."""
        had_it = self.limiter.output is not None and self.limiter.state in MOVING
        self.limiter.disable()
        if had_it:
            self.authority = Authority.RETURNED

    def stop(self, reason: str) -> DigitVerdict:
        """Damp and latch."""
        return self.limiter.stop(reason)

    def clear_fault(self, now: float) -> DigitVerdict:
        """Release a latched stop. The motors go on damping until `home`, `enable` and a policy take over."""
        if self._error:
            problem = f"the robot still reports an error{self._delay()}"
            return DigitVerdict(self.limiter.state, problem)
        latched = self.limiter.state in LATCHED
        verdict = self.limiter.clear_fault(self._posture or _nowhere(), now)
        if latched and verdict.state is DriverState.DISABLED and self.authority is Authority.DRIVING:
            self.authority = Authority.RELEASED
        return verdict

    def home(self) -> DigitVerdict:
        """Ask the vendor's controller to take the robot and stand. Only while disabled."""
        if self.limiter.state is not DriverState.DISABLED:
            return DigitVerdict(self.limiter.state, self.limiter.reason or "disable the driver first")
        self.authority = Authority.RETURNED
        return DigitVerdict(DriverState.DISABLED, "")

    def command(self, command: PdCommand, now: float) -> DigitVerdict:
        """Take a policy's command; what is executed of it is the limiter's `output`."""
        return self.limiter.command(command, self._posture or _nowhere(), now)

    # The loop.

    def step(self, now: float, silence: float) -> MotorCommand | None:
        """What to send now; None: nothing that the robot could execute.

        Args:
            now: s on the driver's clock.
            silence: s of wall time since the robot's last message.
        """
        if silence > self._timeout and self.limiter.state in MOVING:
            self.counters["link losses"] += 1
            self.limiter.stop(f"the robot has been silent for {self._timeout:.2f} s")
        self.limiter.watch(self._posture or _nowhere(), now)
        if self.limiter.output is not None and self.limiter.state in MOVING and not self._shadow:
            self.authority = Authority.DRIVING
        # A stop before the policy had the robot must not take it from the vendor's controller, which carries it.
        if self.limiter.output is None or self.authority is not Authority.DRIVING:
            return self._idle()
        return self._drive()

    def _drive(self) -> MotorCommand:
        output, limits = self.limiter.output, self.robot_limits
        assert output is not None
        position = self._posture.motors if self._posture is not None else output.position
        largest, damping = self._table.torque_limit, output.kd
        if limits is not None:
            largest, damping = np.minimum(largest, limits.torque), np.minimum(damping, limits.damping)
        torque = np.clip(output.kp * (output.position - position), -largest, largest)
        if not np.isfinite(torque).all():  # the limiter has stopped already, and its gains are zero
            torque = self._zero
        return MotorCommand(torque, self._zero, damping, OperationMode.DAMPING, True)

    def _idle(self) -> MotorCommand | None:
        watching = self.authority is Authority.WATCHING or self._shadow
        if self.authority is Authority.DRIVING or (watching and not self._idle_commands):
            return None
        damps = self.authority is Authority.RELEASED
        mode = OperationMode.DAMPING if damps else OperationMode.LOCOMOTION
        return MotorCommand(self._zero, self._zero, self._zero, mode, False)

    def _unfit(self) -> str:
        if not self._connected or self._posture is None:
            return self.link_problem or "no connection to the robot"
        if self._error:
            return f"the robot reports an error{self._delay()}"
        return ""

    def _delay(self) -> str:
        delay = self.robot_limits.error_shutdown_delay if self.robot_limits is not None else float("nan")
        told = f" within {delay:.1f} s" if delay == delay else ""
        return f" (it ends the low-level interface{told}; see its own screen or JSON interface)"


def _nowhere() -> Posture:
    """Of a robot that measures nothing: the limiter refuses it as too old."""
    return Posture(np.zeros(20), np.array([0.0, 0.0, -1.0]), 1.0, -np.inf)
