"""The operator lease: at most one person moves the robot, and only as long as they give signs of life."""

from __future__ import annotations

LIFE = 3.0  # s without a sign of life that free the lease; browsers slow the timers of a hidden page to 1 Hz


class Lease:
    """Who may move the robot. Clients are names; times are handed in.

    Attributes:
        holder: Who holds it, empty for nobody.
        requester: Who has asked the holder for it, empty for nobody.
        ended: Why the last one ended, for those who watch.
    """

    def __init__(self, life: float = LIFE) -> None:
        self._life = life
        self.holder = ""
        self.requester = ""
        self.ended = ""
        self._alive_at = 0.0

    def take(self, client: str, now: float) -> bool:
        """Take the lease if it is free; otherwise ask the holder for it.

        Returns:
            Whether the client holds it now.
        """
        self.expire(now)
        if not self.holder:
            self._give(client, now)
        elif client != self.holder:
            self.requester = client
        return self.holder == client

    def hand_over(self, client: str, now: float) -> bool:
        """The holder gives it to who has asked.

        Returns:
            Whether it changed hands.
        """
        if client != self.holder or not self.requester:
            return False
        self._give(self.requester, now)
        return True

    def leave(self, client: str, reason: str) -> bool:
        """A client gives up what it holds or has asked for.

        Returns:
            Whether it was the holder.
        """
        if client == self.requester:
            self.requester = ""
        if client != self.holder:
            return False
        self.holder, self.ended = "", reason
        return True

    def sign_of_life(self, client: str, now: float) -> None:
        """Something came from a client."""
        if client == self.holder:
            self._alive_at = now

    def expire(self, now: float) -> bool:
        """Free the lease of a holder who is silent.

        Returns:
            Whether it just ended.
        """
        if self.holder and now - self._alive_at > self._life:
            return self.leave(self.holder, f"no sign of life for {self._life:.1f} s")
        return False

    def _give(self, client: str, now: float) -> None:
        self.holder, self.requester, self.ended, self._alive_at = client, "", "", now
