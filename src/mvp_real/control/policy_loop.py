"""The control loop of a policy as pure logic: features and joints in, joint targets out, time handed in.

States (specification, rules 2 to 6): RUNNING gives a target per tick. A tick without trustworthy inputs
gives none: HOLD, the driver keeps the last target. The second such tick in a row is a controlled STOPPED:
the arm stands, and goes on from where it is when good inputs return. After two seconds without a target it
is DISARMED and only an operator's `enable` starts it again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from mvp_real.bundle import Card
from mvp_real.control.gripper import GripperHysteresis
from mvp_real.control.inputs import Fault, InputBuffer, InputLimits, TickInputs
from mvp_real.control.wiring import check_encoder, check_robot
from mvp_real.messages import Feature, FloatArray, JointReading, JointTarget
from mvp_real.robots.table import RobotTable

# Tokens (T, D) and proprioception (8,) to action (8,); `inference.ControllerSession` is one.
Controller = Callable[[NDArray[np.float32], FloatArray], FloatArray]


class LoopState(Enum):
    """What the loop is doing."""

    DISARMED = "disarmed"
    RUNNING = "running"
    HOLD = "hold"
    STOPPED = "stopped"


@dataclass(frozen=True)
class LoopParameters:
    """Times of the loop.

    Attributes:
        inputs: Ages of the inputs.
        stop_after: Ticks in a row without a target that lead to STOPPED.
        disarm_after: Time without a target that leads to DISARMED, s.
    """

    inputs: InputLimits = field(default_factory=InputLimits)
    stop_after: int = 2
    disarm_after: float = 2.0


@dataclass(frozen=True, eq=False)
class LoopOutput:
    """Outcome of a tick.

    Attributes:
        target: What to send, or None: send nothing.
        state: State after the tick.
        reason: Why there is no target; empty otherwise.
        error: The reason is a fault of a component (diagnostics ERROR), not mere lateness.
        stamp: Capture time of the image that this tick is about, s; None if there was none.
    """

    target: JointTarget | None
    state: LoopState
    reason: str
    error: bool = False
    stamp: float | None = None


class PolicyLoop:
    """Control loop of one bundle on one robot.

    Args:
        card: The controller's card.
        table: The robot.
        controller: The model; called once per tick with good inputs.
        parameters: Times.
        encoder: Card of the encoder that makes the features, to be compared with the controller's card;
            without it the caller must make sure that the features come from the right encoder.

    Raises:
        BundleError: The card does not fit the robot or the encoder.
    """

    def __init__(
        self,
        card: Card,
        table: RobotTable,
        controller: Controller,
        parameters: LoopParameters | None = None,
        encoder: Card | None = None,
    ) -> None:
        check_robot(card, table)
        if encoder is not None:
            check_encoder(card, encoder)
        assert card.action is not None  # checked above
        self.parameters = parameters or LoopParameters()
        self.period = card.action.control_period
        self.counters: Counter[str] = Counter()
        self._table = table
        self._controller = controller
        self._commanded_reference = card.action.delta_reference == "commanded"
        self._gripper = GripperHysteresis(card.action.gripper_scale)
        self._inputs = InputBuffer(table.joint_names, card.tensor("feature").shape, self.parameters.inputs)
        self._state = LoopState.DISARMED
        self._reason = "not enabled yet"
        self._last_tick: float | None = None
        self._last_target: FloatArray | None = None  # None: the next target starts from the measured joints
        self._gripper_known = False
        self._missed = 0
        self._idle_since: float | None = None
        self._ages = (float("nan"), float("nan"))

    @property
    def state(self) -> LoopState:
        """Current state."""
        return self._state

    @property
    def reason(self) -> str:
        """Why the loop is not running; empty while it is."""
        return self._reason

    def feature(self, feature: Feature) -> None:
        """Take a feature from the encoder."""
        self._inputs.feature(feature)

    def refuse_feature(self, reason: str) -> None:
        """Hold because of a feature that the loop cannot judge itself, e.g. one from another encoder."""
        self._inputs.refuse_feature(reason)

    def joints(self, reading: JointReading) -> None:
        """Take a joint reading from the driver."""
        self._inputs.joints(reading)

    def enable(self) -> None:
        """Arm, on an operator's request. The first target starts from what is measured then."""
        self._state, self._reason = LoopState.RUNNING, ""
        self._missed = 0
        self._idle_since = self._last_tick = self._last_target = None
        # Not from the newest reading so far: after a reset that one still shows the end of the trial before.
        self._gripper_known = False
        self._gripper.forget()

    def disable(self, reason: str = "disabled") -> None:
        """Disarm: no targets until `enable`."""
        self._state, self._reason = LoopState.DISARMED, reason
        self._last_target = None

    def tick(self, now: float) -> LoopOutput:
        """Run one control tick at the time `now`. Call it once per control period; early calls are
        dropped.
        """
        if self._state is LoopState.DISARMED:
            return self._output()
        last, self._last_tick = self._last_tick, now
        if last is not None:
            passed = now - last
            if 0.0 <= passed < 0.5 * self.period:
                self._last_tick = last
                self.counters["ticks dropped"] += 1
                return LoopOutput(None, self._state, f"tick dropped: {passed:.3f} s after the last one")
            if passed < 0.0:
                self._inputs.forget()
                self._idle_since = None if self._idle_since is None else now
                return self._miss(Fault(f"the clock jumped back by {-passed:.3f} s", error=True), now)
            skipped = round(passed / self.period) - 1
            self.counters["ticks missed"] += max(skipped, 0)
            if skipped >= self.parameters.stop_after:
                return self._miss(Fault(f"{skipped} ticks were missed or the clock jumped", error=True), now)
        self.counters["ticks"] += 1
        inputs = self._inputs.take(now)
        if isinstance(inputs, Fault):
            return self._miss(inputs, now)
        self._ages = (inputs.image_age, inputs.joint_age)
        state = self._table.proprioception(inputs.joints.position)
        try:
            action = np.asarray(self._controller(inputs.feature.tokens, state), dtype=np.float64)
        except Exception as error:  # whatever a model throws, the arm must hold and the reason must be seen
            return self._miss(Fault(f"controller failed: {error}", error=True), now)
        if action.shape != state.shape:
            return self._miss(Fault(f"action has shape {action.shape}; expected {state.shape}", True), now)
        if not np.all(np.isfinite(action)):
            return self._miss(Fault(f"action is not finite: {action.tolist()}", error=True), now)
        return self._send(action, inputs, state, now)

    def diagnostics(self) -> dict[str, str]:
        """State, ages of the inputs and counters as text, for `/diagnostics`."""
        names = ("ticks", "ticks dropped", "ticks missed", "ticks without target", "disarmed")
        return {
            "state": self._state.value,
            "reason": self._reason,
            "image age (ms)": f"{1e3 * self._ages[0]:.1f}",
            "joint age (ms)": f"{1e3 * self._ages[1]:.1f}",
            **{name: str(self.counters[name]) for name in names},
            "messages out of order": str(self._inputs.out_of_order),
            "gripper changes refused": str(self._gripper.refused),
        }

    def _send(self, action: FloatArray, inputs: TickInputs, state: FloatArray, now: float) -> LoopOutput:
        if self._last_target is None:
            reference = inputs.joints.position
            if not self._gripper_known:
                self._gripper.restart(state[-1] > 0.5)
                self._gripper_known = True
        else:
            reference = self._last_target if self._commanded_reference else inputs.joints.position
        position = reference + action
        position[-1] = self._gripper.decide(float(action[-1]), now)
        self._last_target = position
        self._missed, self._idle_since = 0, None
        self._state, self._reason = LoopState.RUNNING, ""
        target = JointTarget(self._table.joint_names, position.copy(), inputs.feature.stamp, self.period)
        return LoopOutput(target, self._state, "", stamp=inputs.feature.stamp)

    def _miss(self, fault: Fault, now: float) -> LoopOutput:
        """A tick without a target: hold, then stop, then disarm."""
        self.counters["ticks without target"] += 1
        self._missed += 1
        self._last_target = None  # whatever happens meanwhile, go on from the measured joints
        if self._idle_since is None:
            self._idle_since = now
        idle = now - self._idle_since
        self._reason = fault.reason
        if idle > self.parameters.disarm_after:
            self.counters["disarmed"] += 1
            self._state = LoopState.DISARMED
            self._reason = f"no target for {idle:.1f} s: {fault.reason}; enable to go on"
        elif self._missed >= self.parameters.stop_after:
            self._state = LoopState.STOPPED
        else:
            self._state = LoopState.HOLD
        return LoopOutput(None, self._state, self._reason, fault.error)

    def _output(self) -> LoopOutput:
        return LoopOutput(None, self._state, self._reason)
