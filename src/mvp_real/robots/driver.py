"""What every arm offers, be it hardware, an emulator or the simulator: a policy cannot tell them apart."""

from __future__ import annotations

from typing import Protocol

from mvp_real.messages import JointReading, JointTarget
from mvp_real.robots.verdict import DriverState, Verdict


class RobotDriver(Protocol):
    """An arm behind the limiter. `read`, `command`, `disable` and `stop` return at once, the others after seconds."""

    @property
    def state(self) -> DriverState:
        """Disabled, running, holding or stopped."""
        ...

    def read(self) -> JointReading:
        """The newest measured joints."""
        ...

    def command(self, target: JointTarget) -> Verdict:
        """Hand in a target; the verdict says what the limiter made of it."""
        ...

    def enable(self) -> Verdict:
        """Allow motion, starting from where the arm is. Refused while a stop is latched."""
        ...

    def disable(self) -> None:
        """End motion without a fault; `enable` is enough to go on."""
        ...

    def stop(self, reason: str) -> None:
        """Stop now and latch; only `clear_fault` by an operator releases it."""
        ...

    def home(self) -> Verdict:
        """Start moving to the start pose at limited speed, through the same limiter."""
        ...

    def clear_fault(self) -> Verdict:
        """Release a latched stop; the arm is disabled afterwards."""
        ...

    def diagnostics(self) -> dict[str, str]:
        """State, reason of the last stop and counters, as text."""
        ...
