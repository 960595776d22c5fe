"""From the predicted gripper change to open or close, without chatter."""

from __future__ import annotations

from math import inf

TOGGLE_INTERVAL = 1.0  # s, least time between two changes (specification, rule 11)


class GripperHysteresis:
    """Opens above half of the scaled change, closes below minus half of it, keeps in between.

    Args:
        scale: Value of a full change in the policy's output (0.2, so that the thresholds are +-0.1).
    """

    def __init__(self, scale: float) -> None:
        self.threshold = 0.5 * scale
        self.refused = 0
        self._open = True
        self._toggled_at = -inf

    def restart(self, is_open: bool) -> None:
        """Take the measured gripper as the last command; the time of the last change is kept."""
        self._open = is_open

    def forget(self) -> None:
        """Forget the time of the last change: an operator has started anew."""
        self._toggled_at = -inf

    def decide(self, change: float, now: float) -> float:
        """Gripper target for a predicted change: 1.0 open or 0.0 closed."""
        self._toggled_at = min(self._toggled_at, now)  # a clock that went back must not block it for long
        wanted = True if change > self.threshold else False if change < -self.threshold else self._open
        if wanted != self._open:
            if now - self._toggled_at >= TOGGLE_INTERVAL:
                self._open, self._toggled_at = wanted, now
            else:
                self.refused += 1
        return 1.0 if self._open else 0.0
