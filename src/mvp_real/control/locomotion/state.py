"""What the walking loop is doing, what it gives, and its times."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from mvp_real.control.locomotion.command import CommandLimits
from mvp_real.control.locomotion.proprioception import AgeLimits
from mvp_real.messages import FloatArray, PdCommand


class LocomotionState(Enum):
    """Who has the robot: the vendor's controller in IDLE and SHADOW, the policy in ENGAGING and WALKING.

    FALLEN and STOPPED are latched: only an operator's `clear_fault` leads back to IDLE.
    """

    IDLE = "idle"
    SHADOW = "shadow"
    ENGAGING = "engaging"
    WALKING = "walking"
    FALLEN = "fallen"
    STOPPED = "stopped"


ENGAGED = (LocomotionState.ENGAGING, LocomotionState.WALKING)
LATCHED = (LocomotionState.FALLEN, LocomotionState.STOPPED)


@dataclass(frozen=True)
class LocomotionParameters:
    """Times of the loop (specification, part 11).

    Attributes:
        ages: Of the measurements.
        command: Ranges, cut-offs and slew of the velocity command.
        shadow_ticks: Ticks with real observations before the policy moves anything.
        blend: Time from the targets of the vendor's controller to those of the policy, s.
        lost_ticks: Missed ticks in a row that end walking.
        deadman_age: Time without the dead-man switch after which the policy leaves, s; None: there is no switch.
    """

    ages: AgeLimits = field(default_factory=AgeLimits)
    command: CommandLimits = field(default_factory=CommandLimits)
    shadow_ticks: int = 16
    blend: float = 0.5
    lost_ticks: int = 5
    deadman_age: float | None = None


@dataclass(frozen=True, eq=False)
class TickRecord:
    """What the policy saw and said at one tick; enough to compute its action again.

    Attributes:
        stamp: Time of the tick, s.
        fresh: The window was empty before this token.
        observation: (66,).
        previous: (36,) action sent before.
        action: (36,) what the network said.
        sent: (36,) what was sent, or what the vendor's controller does as an action.
    """

    stamp: float
    fresh: bool
    observation: FloatArray
    previous: FloatArray
    action: FloatArray
    sent: FloatArray


@dataclass(frozen=True, eq=False)
class LocomotionOutput:
    """Outcome of a tick.

    Attributes:
        command: What to send, or None: send nothing.
        state: State after the tick.
        reason: Why there is no command; empty otherwise.
        record: What the policy saw and said, if it was asked.
    """

    command: PdCommand | None
    state: LocomotionState
    reason: str
    record: TickRecord | None = None
