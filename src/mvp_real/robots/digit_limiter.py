"""The output filter of Digit's driver: whoever commands the motors, hardware and simulator alike.

The driver is DISABLED while the vendor's controller has the robot. Enabled, it is RUNNING, and the vendor keeps the
robot until the first good command. A command that cannot be used is refused (HOLD: the last targets stay). Silence,
lost measurements and a policy that leaves end in STOPPED, a tilt or a low base in FALLEN: the motors only damp, and
nothing but an operator's `clear_fault` leads out. Every stop names its reason.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from mvp_real.messages import FloatArray, PdCommand
from mvp_real.robots.digit_limits import DigitLimits, fall_reason
from mvp_real.robots.input_checks import CLOCK_TOLERANCE
from mvp_real.robots.verdict import LATCHED, DriverState

COUNTERS = (
    "commands", "accepted", "targets clipped", "targets slowed", "gains clipped", "refused", "stops", "falls",
)  # fmt: skip
NEGLIGIBLE = 1e-6  # rad or Nm/rad; a smaller change is rounding and no clamp


@dataclass(frozen=True, eq=False)
class Posture:
    """What the driver measures to judge whether the robot stands.

    Attributes:
        motors: (20,) angles, rad.
        gravity: (3,) direction of gravity in the base frame.
        height: Of the base above the ground, m.
        stamp: Time of the oldest of these measurements, s.
    """

    motors: FloatArray
    gravity: FloatArray
    height: float
    stamp: float


@dataclass(frozen=True)
class DigitVerdict:
    """State after a command or request, whether the command was changed, and why it was changed or refused."""

    state: DriverState
    reason: str
    clamped: bool = False


class DigitLimiter:
    """Limits of one robot, applied to one stream of commands. Pure: time and measurements are handed in.

    Args:
        limits: The numbers.
    """

    def __init__(self, limits: DigitLimits | None = None) -> None:
        self.limits = limits or DigitLimits()
        self.counters: Counter[str] = Counter()
        self._state = DriverState.DISABLED
        self._reason = "not enabled yet"
        self._last_stop = ""
        self._output: PdCommand | None = None
        self._allowance = np.zeros(len(self.limits.table.motors))
        self._now = self._accepted_at = 0.0

    @property
    def state(self) -> DriverState:
        """Current state."""
        return self._state

    @property
    def reason(self) -> str:
        """Why the limiter is not running; empty while it is."""
        return self._reason

    @property
    def output(self) -> PdCommand | None:
        """What the motors are told now; None while the vendor's controller has the robot."""
        return self._output

    def torque(self, position: FloatArray, velocity: FloatArray) -> FloatArray:
        """(20,) Nm that the output asks of the motors at these angles and speeds (20,), clipped at the limits."""
        if self._output is None:
            return np.zeros_like(self.limits.table.torque_limit)
        wanted = self._output.kp * (self._output.position - position) - self._output.kd * velocity
        return np.clip(wanted, -self.limits.table.torque_limit, self.limits.table.torque_limit)

    # Requests of the operator.

    def enable(self, posture: Posture, now: float) -> DigitVerdict:
        """Wait for commands. Refused while a stop is latched, without fresh measurements, or when not standing."""
        if self._state is not DriverState.DISABLED:
            return self._answer()
        fault = self._bad_posture(posture, now) or fall_reason(posture.gravity, posture.height)
        if fault:
            self._reason = fault
        else:
            self._now = now
            self._state, self._reason = DriverState.RUNNING, ""
        return self._answer()

    def disable(self) -> None:
        """Hand the robot back to the vendor's controller. A latched stop stays."""
        if self._state not in LATCHED:
            self._state, self._reason, self._output = DriverState.DISABLED, "disabled", None

    def stop(self, reason: str) -> DigitVerdict:
        """Damp and latch. The first reason is kept until the fault is cleared."""
        return self._latch(DriverState.STOPPED, "stops", reason)

    def clear_fault(self, posture: Posture, now: float) -> DigitVerdict:
        """Release a latched stop, on an operator's request; disabled afterwards.

        Refused, with the reason in the verdict, without fresh measurements.
        """
        if self._state in LATCHED:
            fault = self._bad_posture(posture, now)
            if fault:
                return DigitVerdict(self._state, f"{self._reason}; cannot be cleared: {fault}")
            self._state, self._reason = DriverState.DISABLED, "fault cleared; enable to go on"
            self._output = None
        return self._answer()

    # Commands.

    def command(self, command: PdCommand, posture: Posture, now: float) -> DigitVerdict:
        """Take a command; what of it is executed is in `output`."""
        self.counters["commands"] += 1
        if not self._still_good(posture, now):
            return self._answer()
        table, limits = self.limits.table, self.limits
        shape = table.kp.shape
        for name, values in (("targets", command.position), ("kp", command.kp), ("kd", command.kd)):
            if values.shape != shape:
                return self.refuse(f"{name} have shape {values.shape}; expected {shape}")
            if not np.isfinite(values).all():
                joint = table.motors[int(np.argmin(np.isfinite(values)))]
                return self.refuse(f"{name} are not finite at {joint}")
        age = now - command.stamp
        if not -CLOCK_TOLERANCE <= age <= limits.command_age:  # a NaN is refused too
            return self.refuse(f"command comes from {age:.3f} s ago; the limit is {limits.command_age:.3f} s")
        inside, kp, kd = limits.nearest_command(command.position, command.kp, command.kd, posture.motors)
        free = np.ones(shape, dtype=bool)
        free[table.toe_indices] = False  # told or not, the toes keep their pose and gains
        clipped = bool((np.abs(inside - command.position) > NEGLIGIBLE)[free].any())
        geared = bool((np.abs(kp - command.kp) > NEGLIGIBLE)[free].any())
        geared |= bool((np.abs(kd - command.kd) > NEGLIGIBLE)[free].any())
        period = table.control_period
        if self._output is None:
            gaps = np.where(free, np.abs(inside - posture.motors), 0.0)
            worst = int(np.argmax(gaps))
            if not gaps[worst] <= limits.first_command_gap:
                return self.refuse(
                    f"first target of {table.motors[worst]} is {inside[worst]:.3f} rad, but it is at "
                    f"{posture.motors[worst]:.3f}; start there"
                )
            reference, self._allowance = inside, limits.burst * period * limits.target_speed
        else:
            reference = self._output.position
            elapsed = now - self._accepted_at
            saved = limits.burst * period * limits.target_speed
            self._allowance = np.minimum(self._allowance + elapsed * limits.target_speed, saved)
        step = np.clip(inside - reference, -self._allowance, self._allowance)
        position = reference + step
        position[table.toe_indices] = table.default_pose[table.toe_indices]
        slowed = bool((np.abs(position - inside) > NEGLIGIBLE)[free].any())
        self._allowance = np.maximum(self._allowance - np.abs(step), 0.0)
        self._accepted_at = now
        self._output = PdCommand(position, kp, kd, command.stamp)
        self._state, self._reason = DriverState.RUNNING, ""
        changes = {"targets clipped": clipped, "gains clipped": geared, "targets slowed": slowed}
        for name, happened in {"accepted": True, **changes}.items():
            self.counters[name] += happened
        return DigitVerdict(
            self._state, ", ".join(name for name, yes in changes.items() if yes), any(changes.values())
        )

    def refuse(self, reason: str) -> DigitVerdict:
        """Keep the last targets because of a command that cannot be used; silence will stop the robot."""
        self.counters["refused"] += 1
        if self._state in (DriverState.RUNNING, DriverState.HOLD):
            self._state, self._reason = DriverState.HOLD, reason
        return DigitVerdict(self._state, reason)

    def leave(self) -> DigitVerdict:
        """The commanding side gives the robot up; without a command before, nothing has to be stopped."""
        if self._output is None:
            return self._answer()
        return self.stop("the walking controller has left the robot")

    def watch(self, posture: Posture, now: float) -> DigitVerdict:
        """Look after falls, silence and lost measurements between commands; call it at servo rate."""
        self._still_good(posture, now)
        return self._answer()

    def diagnostics(self) -> dict[str, str]:
        """State, reasons and counters as text, for `/diagnostics`."""
        return {
            "state": self._state.value,
            "reason": self._reason,
            "last stop": self._last_stop,
            **{name: str(self.counters[name]) for name in COUNTERS},
        }

    def _still_good(self, posture: Posture, now: float) -> bool:
        """Whether commands may be executed; otherwise the state says why not."""
        if self._state not in (DriverState.RUNNING, DriverState.HOLD):
            return False
        if not now >= self._now - CLOCK_TOLERANCE:
            self.stop(f"the clock jumped back by {self._now - now:.3f} s")
            return False
        self._now = max(now, self._now)
        fault = self._bad_posture(posture, now)
        if fault:
            self.stop(fault)
            return False
        fall = fall_reason(posture.gravity, posture.height)
        if fall:
            self._latch(DriverState.FALLEN, "falls", fall)
            return False
        silence = now - self._accepted_at
        if self._output is not None and silence > self.limits.command_timeout:
            why = f": {self._reason}" if self._state is DriverState.HOLD else ""
            self.stop(f"no command for {self.limits.command_timeout:.2f} s{why}")
            return False
        return True

    def _bad_posture(self, posture: Posture, now: float) -> str:
        if posture.motors.shape != self.limits.table.kp.shape or posture.gravity.shape != (3,):
            return f"{posture.motors.shape} motor angles and gravity of shape {posture.gravity.shape} were measured"
        measured = (*posture.motors.tolist(), *posture.gravity.tolist(), posture.height)
        if not np.isfinite(measured).all():
            return "the robot's measurements are not finite"
        age = now - posture.stamp
        if not -CLOCK_TOLERANCE <= age <= self.limits.reading_age:
            return (
                f"the robot's measurements are {age:.3f} s old; the limit is {self.limits.reading_age:.3f} s"
            )
        return ""

    def _latch(self, state: DriverState, counter: str, reason: str) -> DigitVerdict:
        if self._state not in LATCHED:
            self.counters[counter] += 1
            self._state, self._reason, self._last_stop = state, reason, reason
            table = self.limits.table
            held = table.default_pose if self._output is None else self._output.position
            self._output = PdCommand(held, np.zeros_like(table.kp), table.kd.copy(), self._now)
        return self._answer()

    def _answer(self) -> DigitVerdict:
        return DigitVerdict(self._state, self._reason)
