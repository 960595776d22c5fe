"""The operator's two mark keys: ENTER starts an episode and accepts it, BACKSPACE discards it."""

from __future__ import annotations

import math

PRIMARY, SECONDARY = "\r\n", "\x7f\b"
MARK_TIME = 0.15  # s that a mark key counts as held


class MarkKeys:
    """A terminal tells when a key goes down and never when it comes up; here it is held for a moment."""

    def __init__(self) -> None:
        self._primary_at = self._secondary_at = -math.inf

    def press(self, key: str, now: float) -> bool:
        """Take a key; whether it was one of the two."""
        if key in PRIMARY:
            self._primary_at = now
        elif key in SECONDARY:
            self._secondary_at = now
        else:
            return False
        return True

    def held(self, now: float) -> tuple[bool, bool]:
        """Whether the first and the second mark count as held."""
        return 0.0 <= now - self._primary_at <= MARK_TIME, 0.0 <= now - self._secondary_at <= MARK_TIME
