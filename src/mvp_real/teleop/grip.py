"""The gripper from the operator's trigger or pinch."""

from __future__ import annotations

CLOSE_ABOVE, OPEN_BELOW = 0.7, 0.4


class GripLatch:
    """Opens and closes on crossings only: whoever takes the clutch with open fingers drops nothing.

    Attributes:
        closed: What the gripper is told.
        told: Whether the operator has said anything since the clutch was taken.
    """

    def __init__(self) -> None:
        self.closed = self.told = False
        self._pulled: bool | None = None

    def start(self, closed: bool) -> None:
        """The clutch was taken; the gripper is as it is until the trigger crosses."""
        self.closed, self.told = closed, False
        self._pulled = None

    def feed(self, grip: float) -> bool:
        """Take the trigger, 0 open to 1 closed.

        Returns:
            Whether the gripper shall be closed.
        """
        pulled = grip > CLOSE_ABOVE if not self._pulled else grip > OPEN_BELOW
        if self._pulled is not None and pulled is not self._pulled:
            self.closed, self.told = pulled, True
        self._pulled = pulled
        return self.closed
