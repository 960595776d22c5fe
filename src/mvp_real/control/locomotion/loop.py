"""The 50 Hz loop of a walking policy as pure logic: measurements and command in, PD commands out, time handed in.

An operator engages the policy while the vendor's controller holds the robot. In SHADOW the policy sees 16 real
observations and moves nothing; in ENGAGING its targets are blended in over half a second; WALKING is full authority.
Whatever goes wrong before ENGAGING leads back to IDLE. Afterwards it leads to STOPPED, or FALLEN after a fall: the
policy has left, the driver damps, and only `clear_fault` leads on (specification, part 11).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mvp_real.bundle import Card
from mvp_real.control.locomotion.command import VelocityCommand
from mvp_real.control.locomotion.gait_clock import GaitClock
from mvp_real.control.locomotion.handover import Handover
from mvp_real.control.locomotion.history import History
from mvp_real.control.locomotion.proprioception import SOURCES, Proprioception, Sample
from mvp_real.control.locomotion.rate_limit import limit_rate
from mvp_real.control.locomotion.spaces import (
    ACTION_SIZE,
    assemble_observation,
    decode_action,
    limit_action,
)
from mvp_real.control.locomotion.state import (
    ENGAGED,
    LATCHED,
    LocomotionOutput,
    LocomotionParameters,
    LocomotionState,
    TickRecord,
)
from mvp_real.control.locomotion.wiring import check_walking
from mvp_real.messages import FloatArray, PdCommand
from mvp_real.robots.digit import DigitTable
from mvp_real.robots.digit_limits import fall_reason

# Tokens (16, 102) and mask (16,) to action (36,); `inference.LocomotionSession` is one.
WalkingPolicy = Callable[[NDArray[np.float32], NDArray[np.float32]], FloatArray]
COUNTERS = (
    "ticks",
    "ticks dropped",
    "ticks missed",
    "late inputs",
    "actions clipped",
    "targets slowed",
    "stops",
)


class LocomotionLoop:
    """Loop of one bundle on one robot.

    Args:
        card: The policy's card.
        table: The robot.
        policy: The model; called once per tick with good inputs.
        parameters: Times.

    Attributes:
        counters: How often things happened, by `COUNTERS`.
        measured: Takes the robot's measurements.
        velocity_command: Takes velocity commands.

    Raises:
        BundleError: The card does not fit the robot.
    """

    def __init__(
        self,
        card: Card,
        table: DigitTable,
        policy: WalkingPolicy,
        parameters: LocomotionParameters | None = None,
    ) -> None:
        walking = check_walking(card, table)
        self.parameters = parameters or LocomotionParameters()
        self.period = walking.control_period
        self.counters: Counter[str] = Counter()
        self.velocity_command = VelocityCommand(self.parameters.command)
        self._table, self._policy = table, policy
        self.measured = Proprioception(table, self.parameters.ages)
        self._history = History(walking.window)
        self._gait = GaitClock(walking.gait_period)
        self._handover = Handover(table, self.parameters.blend)
        self._free = np.ones(ACTION_SIZE, dtype=bool)
        self._free[table.toe_indices] = False  # what the network says about the toes is ignored
        self._state, self._reason, self._last_stop = LocomotionState.IDLE, "not engaged yet", ""
        self._sent = np.zeros(ACTION_SIZE)
        self._last_tick: float | None = None
        self._shadow_ticks = 0
        self._deadman_at = -math.inf
        self._ages = (math.nan,) * 3

    @property
    def state(self) -> LocomotionState:
        """Current state."""
        return self._state

    @property
    def reason(self) -> str:
        """Why the policy has not got the robot; empty while it has."""
        return self._reason

    @property
    def engaged(self) -> bool:
        """Whether the policy moves the robot."""
        return self._state in ENGAGED

    def deadman(self, held: bool, now: float) -> None:
        """Take the state of the dead-man switch; letting go counts at once."""
        self._deadman_at = now if held else -math.inf

    # What an operator asks for.

    def engage(self, now: float) -> str:
        """Begin with SHADOW. Returns why it is refused, or an empty string."""
        if self._state in LATCHED:
            return f"a stop is latched ({self._reason}); clear the fault first"
        if self._state is not LocomotionState.IDLE:
            return ""
        sample = self.measured.take(now, moving=False)
        problem = sample if isinstance(sample, str) else fall_reason(sample.gravity, sample.height)
        problem = problem or self._released(now)
        if problem:
            self._reason = problem
            return problem
        self._forget()
        self._state, self._reason = LocomotionState.SHADOW, "filling the window"
        return ""

    def disengage(self, reason: str) -> None:
        """Let go of the robot. While the policy moves it this is a stop and latched, as everything else is."""
        if self.engaged:
            self._latch(LocomotionState.STOPPED, reason)
        elif self._state is LocomotionState.SHADOW:
            self._state, self._reason = LocomotionState.IDLE, reason

    def driver(self, running: bool, stopped: str) -> None:
        """Take what the driver says of itself.

        Args:
            running: Whether it executes commands.
            stopped: Why it has stopped and latched; empty if it has not.
        """
        if stopped:
            self.disengage(f"the driver stopped: {stopped}")
        elif not running and self._state not in LATCHED:
            # The operator gave the robot back to the vendor's controller, in good order.
            if self._state is not LocomotionState.IDLE:
                self._reason = "the driver is not enabled"
            self._state = LocomotionState.IDLE
            self._history.clear()

    def clear_fault(self) -> None:
        """Release a latched stop, on an operator's request."""
        if self._state in LATCHED:
            self._state, self._reason = LocomotionState.IDLE, "fault cleared; engage to go on"
            self._forget()

    # The tick.

    def tick(self, now: float) -> LocomotionOutput:
        """Run one control tick at the time `now`. Call it once per control period; early calls are dropped."""
        if self._state is LocomotionState.IDLE or self._state in LATCHED:
            return self._output()
        last, self._last_tick = self._last_tick, now
        seconds = 0.0
        if last is not None:
            passed = now - last
            if 0.0 <= passed < 0.5 * self.period:
                self._last_tick = last
                self.counters["ticks dropped"] += 1
                return LocomotionOutput(None, self._state, f"tick dropped: {passed:.4f} s after the last one")
            if not passed >= 0.0:
                return self._lose(f"the clock jumped back by {-passed:.3f} s")
            skipped = max(round(passed / self.period) - 1, 0)
            self.counters["ticks missed"] += skipped
            if skipped >= self.parameters.lost_ticks:
                return self._lose(f"{skipped} ticks were missed in a row")
            seconds = (skipped + 1) * self.period
        self.counters["ticks"] += 1
        sample = self.measured.take(now, moving=self.engaged)
        if isinstance(sample, str):
            return self._lose(sample)
        self._ages = sample.ages
        self.counters["late inputs"] += bool(sample.late)
        fall = fall_reason(sample.gravity, sample.height)
        if fall:
            return self._lose(fall, LocomotionState.FALLEN)
        released = self._released(now)
        if released:
            return self._lose(released)
        return self._walk(sample, seconds, now)

    def _walk(self, sample: Sample, seconds: float, now: float) -> LocomotionOutput:
        self._gait.advance(seconds)
        walking = self._state is LocomotionState.WALKING
        told = self.velocity_command.advance(seconds, now) if walking else np.zeros(3)
        observation = assemble_observation(
            sample.linear_velocity,
            sample.angular_velocity,
            sample.joint_position,
            sample.joint_velocity,
            sample.gravity,
            self._gait.observation(),
            told,
        )
        fresh = len(self._history) == 0
        if not self.engaged:
            standing = self._handover.observe(sample.motor_targets)
            self._sent = standing if fresh else self._sent
        previous = self._sent
        self._history.append(observation, previous)
        try:
            action = np.asarray(self._policy(self._history.tokens, self._history.mask), dtype=np.float64)
        except Exception as error:  # whatever a model throws, the policy must leave and the reason be seen
            return self._lose(f"the walking policy failed: {error}")
        if action.shape != (ACTION_SIZE,):
            return self._lose(f"action has shape {action.shape}; expected ({ACTION_SIZE},)")
        if not np.isfinite(action).all():
            return self._lose(f"action is not finite at entry {int(np.argmin(np.isfinite(action)))}")
        moves = self.engaged
        self._sent = self._allowed(action, seconds) if moves else self._handover.standing
        record = TickRecord(now, fresh, observation, previous, action, self._sent)
        if not moves:
            self._shadow_ticks += 1
            if self._shadow_ticks >= self.parameters.shadow_ticks:
                self._state, self._reason = LocomotionState.ENGAGING, ""
            return LocomotionOutput(None, self._state, self._reason, record)
        targets = decode_action(self._sent, self._table)
        command = PdCommand(targets.position, targets.kp, targets.kd, sample.stamp)
        return LocomotionOutput(command, self._state, "", record)

    def _allowed(self, action: FloatArray, seconds: float) -> FloatArray:
        """The action (36,) that is sent: within the limits, blended in after engaging, no faster than the joints."""
        inside = limit_action(action)
        self.counters["actions clipped"] += bool((inside != action)[self._free].any())
        wanted = self._handover.blend(inside, seconds)
        if self._handover.done:
            self._state = LocomotionState.WALKING
        allowed = limit_rate(wanted, self._sent, self._table)
        self.counters["targets slowed"] += not np.allclose(allowed, wanted, rtol=0.0, atol=1e-9)
        return allowed

    def _released(self, now: float) -> str:
        limit = self.parameters.deadman_age
        if limit is None or 0.0 <= now - self._deadman_at <= limit:
            return ""
        return "the dead-man switch is not held"

    def _lose(self, reason: str, state: LocomotionState = LocomotionState.STOPPED) -> LocomotionOutput:
        if self.engaged:
            self._latch(state, reason)
        else:
            self._state, self._reason = LocomotionState.IDLE, reason
        return self._output()

    def _latch(self, state: LocomotionState, reason: str) -> None:
        self.counters["stops"] += 1
        self._state, self._reason, self._last_stop = state, reason, reason
        self._history.clear()

    def _forget(self) -> None:
        self._history.clear()
        self._gait.restart()
        self.velocity_command.forget()
        self._handover.restart()
        self._last_tick, self._shadow_ticks = None, 0

    def _output(self) -> LocomotionOutput:
        return LocomotionOutput(None, self._state, self._reason)

    def diagnostics(self) -> dict[str, str]:
        """State, ages of the inputs and counters as text, for `/diagnostics`."""
        return {
            "state": self._state.value,
            "reason": self._reason,
            "reason of the last stop": self._last_stop,
            **{f"{name} age (ms)": f"{1e3 * age:.1f}" for name, age in zip(SOURCES, self._ages, strict=True)},
            **{name: str(self.counters[name]) for name in COUNTERS},
            "measurements refused": str(self.measured.refused),
            "measurements out of order": str(self.measured.out_of_order),
            "commands refused": str(self.velocity_command.refused),
            "commands clipped": str(self.velocity_command.clipped),
            "tokens in the window": str(len(self._history)),
        }
