"""The operator's desk: what the clients of the page may do, decided without sockets and without ROS.

A frame becomes samples only if it comes from the holder of the lease, while no stop is latched, in order, and fresh.
Whatever is wrong with it becomes "tracking lost", which releases the clutch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mvp_real.teleop.clutch import MAX_AGE
from mvp_real.teleop.gateway.clock_offset import ClockOffset
from mvp_real.teleop.gateway.lease import Lease
from mvp_real.teleop.gateway.webxr_frame import BadFrame, decode
from mvp_real.teleop.gateway.webxr_samples import WebXRSamples
from mvp_real.teleop.hand_sample import HandSample

BAD_MESSAGES = 20  # of one connection; then it is closed
FUTURE = 0.02  # s that a frame may seem to come from the future beyond half the round trip
# What the holder of the lease may ask of the robot.
ACTIONS = ("enable", "disable", "home", "clear_fault", "reset")


@dataclass(eq=False)
class Client:
    """One connection of a paired device.

    Attributes:
        name: Unique name of the connection.
        device: Name of the device.
        offset: The browser's clock.
        bad: Messages that made no sense.
    """

    name: str
    device: str
    offset: ClockOffset = field(default_factory=ClockOffset)
    bad: int = 0
    sequence: int = -1


@dataclass(frozen=True)
class Wish:
    """What a message asks of the outside: call an action of the robot, or stop it."""

    action: str


class Desk:
    """Lease, stop and frames of all clients.

    Args:
        lease: Who may move the robot; a new one if None.
        max_age: Oldest frame that may move the robot, s.

    Attributes:
        lease: Who may move the robot.
        stopped: Why nobody may, empty while somebody may. Latched until the driver's fault is cleared.
        counts: What was taken and what was refused, by reason.
    """

    def __init__(self, lease: Lease | None = None, max_age: float = MAX_AGE) -> None:
        self.lease = lease or Lease()
        self._max_age = max_age
        self.stopped = ""
        self.counts: Counter[str] = Counter()
        self._samples = WebXRSamples()
        self._mover = ""  # whose frames the last samples were made from
        self._tracked = False  # whether the last published samples allowed motion
        self._sampled_at = self._stamp = 0.0

    # Frames.

    def frame(self, client: Client, data: bytes, now: float) -> list[HandSample]:
        """Take a binary message; the samples to publish."""
        if client.name != self.lease.holder:
            self.counts["frames without the lease"] += 1
            return []
        try:
            frame = decode(data)
        except BadFrame:
            self.counts["bad frames"] += 1
            client.bad += 1
            return self.lose(now)
        self.lease.sign_of_life(client.name, now)
        if client.name != self._mover:
            # Another person's hand is no continuation of the last one.
            lost = self.lose(now)
            self._mover, self._samples = client.name, WebXRSamples()
            if lost:
                return lost
        if self.stopped:
            self.counts["frames while stopped"] += 1
            return self.lose(now)
        if not client.offset.known:
            self.counts["frames before the first ping"] += 1
            return self.lose(now)
        last, client.sequence = client.sequence, max(client.sequence, frame.sequence)
        if frame.sequence <= last:
            self.counts["frames out of order"] += 1
            return self.lose(now)
        stamp = client.offset.ours(frame.milliseconds / 1000)
        age, unsure = now - stamp, 0.5 * client.offset.round_trip
        if age + unsure > self._max_age or age < -FUTURE - unsure:
            self.counts["stale frames"] += 1
            return self.lose(now)
        self.counts["frames"] += 1
        # A better estimate of the browser's clock may move the stamps, but not make a later frame an earlier one.
        self._stamp = max(self._stamp, min(stamp, now))
        samples = self._samples.feed(frame, self._stamp)
        self._tracked = any(sample.tracked for sample in samples)
        self._sampled_at = now
        return samples

    def lose(self, now: float) -> list[HandSample]:
        """Samples that say once that nothing is tracked any more."""
        if not self._tracked:
            return []
        self._tracked = False
        return self._samples.lost(now)

    def watch(self, now: float) -> list[HandSample]:
        """Look after silence; call it at 20 Hz or more."""
        expired = self.lease.expire(now)
        if expired or now - self._sampled_at > self._max_age:
            return self.lose(now)
        return []

    # Texts.

    def text(self, client: Client, message: Any, now: float) -> Wish | None:
        """Take a parsed JSON message of a client; what it asks of the outside."""
        kind = message.get("type") if isinstance(message, Mapping) else None
        self.lease.sign_of_life(client.name, now)
        if kind == "alive":
            return None
        if kind == "pong":
            sent, browser = message.get("sent"), message.get("browser")
            if _is_time(sent) and _is_time(browser):
                client.offset.pong(sent, now, browser)
                return None
        elif kind == "take":
            self.lease.take(client.name, now)
            return None
        elif kind == "give":
            self.lease.hand_over(client.name, now)
            return None
        elif kind == "leave":
            self.lease.leave(client.name, "given up")
            return None
        elif kind == "stop":
            # Whoever sees the robot go wrong may stop it, with or without the lease.
            self.stopped = f"stop button of {client.device}"
            self.counts["stops"] += 1
            return Wish("stop")
        elif kind == "action" and message.get("name") in ACTIONS:
            if client.name != self.lease.holder:
                self.counts["actions without the lease"] += 1
                return None
            return Wish(message["name"])
        client.bad += 1
        self.counts["bad texts"] += 1
        return None

    def gone(self, client: Client) -> None:
        """A connection was closed."""
        self.lease.leave(client.name, "connection closed")

    def cleared(self) -> None:
        """The driver's fault was cleared by the holder: the stop is released, the arm stays disabled."""
        self.stopped = ""

    def view(self, client: Client) -> dict[str, Any]:
        """What a client is told of itself and the others."""
        lease = self.lease
        return {
            "you": client.device,
            "holds": lease.holder == client.name,
            "held": bool(lease.holder),
            "asked": bool(lease.requester) and lease.holder == client.name,
            "asking": lease.requester == client.name,
            "ended": lease.ended,
            "stopped": self.stopped,
            "round_trip": round(1000 * client.offset.round_trip, 1),
            "tracked": self._tracked,
        }


def _is_time(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0.0 <= value < 1e12
