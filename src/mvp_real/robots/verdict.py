"""What a driver is doing, and its answer to a command."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from mvp_real.messages import FloatArray


class DriverState(Enum):
    """What the driver is doing. STOPPED is latched, and so is FALLEN, which only a walking robot knows. While
    TEACHING, which only some arms know, a person moves the arm by hand."""

    DISABLED = "disabled"
    RUNNING = "running"
    HOLD = "hold"
    STOPPED = "stopped"
    FALLEN = "fallen"
    TEACHING = "teaching"


LATCHED = (DriverState.STOPPED, DriverState.FALLEN)  # only `clear_fault` by an operator leads out of these


@dataclass(frozen=True, eq=False)
class Verdict:
    """Answer to a command.

    Attributes:
        position: (8,) target to execute, or None: keep the last one (HOLD) or brake and stay (STOPPED).
        state: State after the command.
        clamped: The target was clipped or scaled.
        reason: Why the command was changed or refused; empty if it was not.
    """

    position: FloatArray | None
    state: DriverState
    clamped: bool
    reason: str
