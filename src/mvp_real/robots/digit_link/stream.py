"""Both ends of an ARTL stream as pure state machines: datagrams and times go in, datagrams and messages come out."""

from __future__ import annotations

from collections import Counter

from mvp_real.robots.digit_link import chunks
from mvp_real.robots.digit_link.chunks import ArtlError, ChecksumError, decode_chunk, encode_chunk, message_of
from mvp_real.robots.digit_link.description import Description, DescriptionReader

Address = tuple[str, int]
LINK_TIMEOUT = 0.10  # s of silence after which the other side counts as gone
DESCRIPTION_PERIOD = 0.10  # s between two chunks of the description once all have been sent


class Publisher:
    """Sends messages, and the description around them.

    Args:
        description: Of the messages.
    """

    def __init__(self, description: Description) -> None:
        self._datagrams = description.datagrams()
        self._next = 0
        self._due: float | None = None

    def start(self, now: float) -> list[bytes]:
        """The whole description, for a new connection."""
        self._next, self._due = 0, now + DESCRIPTION_PERIOD
        return list(self._datagrams)

    def silent(self, now: float) -> list[bytes]:
        """A chunk of the description instead of a message: it keeps a connection open and tells nothing to anybody."""
        if self._due is None:
            return self.start(now)
        return [self._chunk(now)]

    def datagrams(self, message: bytes, now: float) -> list[bytes]:
        """A message, and from time to time a chunk of the description."""
        sent = [encode_chunk(chunks.PLAIN, message)]
        if self._due is None:
            return [*self.start(now), *sent]
        if now >= self._due:
            sent.append(self._chunk(now))
        return sent

    def _chunk(self, now: float) -> bytes:
        datagram = self._datagrams[self._next]
        self._next = (self._next + 1) % len(self._datagrams)
        self._due = now + DESCRIPTION_PERIOD
        return datagram


class Subscriber:
    """Takes datagrams: connects to who begins a description, ignores others, lets go after silence.

    Args:
        timeout: s of silence that end a connection.

    Attributes:
        address: Who is connected; None: nobody.
        counters: "chunks", "messages", "checksum errors", "malformed", "strangers", "connections".
        problem: What was wrong with the last chunk that could not be used.
        farewell: Why the last connection ended.
    """

    def __init__(self, timeout: float = LINK_TIMEOUT) -> None:
        self._timeout = timeout
        self.address: Address | None = None
        self.counters: Counter[str] = Counter()
        self.problem = self.farewell = ""
        self._reader = DescriptionReader()
        self._heard = 0.0

    @property
    def description(self) -> Description | None:
        """What the messages look like; None until all of it has arrived."""
        return self._reader.complete

    def receive(self, datagram: bytes, sender: Address, now: float) -> bytes | None:
        """Take a datagram; whatever it holds, nothing is raised.

        Returns:
            The message, if the datagram holds one and the description is complete.
        """
        if self.address is not None and sender != self.address:
            self.counters["strangers"] += 1
            return None
        try:
            return self._take(decode_chunk(datagram), sender, now)
        except ChecksumError as error:
            self.counters["checksum errors"] += 1
            self.problem = str(error)
        except ArtlError as error:
            self.counters["malformed"] += 1
            self.problem = str(error)
        return None

    def silence(self, now: float) -> float:
        """s since the last good chunk of the connected side; infinite without one."""
        return now - self._heard if self.address is not None else float("inf")

    def check(self, now: float) -> bool:
        """Let go of a side that has been silent for too long; whether there still is one."""
        if self.address is not None and self.silence(now) > self._timeout:
            self.disconnect(f"has been silent for {self._timeout:.2f} s")
        return self.address is not None

    def disconnect(self, reason: str) -> None:
        """Forget the other side and its description."""
        self.address, self._reader, self.farewell = None, DescriptionReader(), reason

    def _take(self, chunk: chunks.Chunk, sender: Address, now: float) -> bytes | None:
        self.counters["chunks"] += 1
        if chunk.kind in (chunks.PLAIN, chunks.COMPRESSED):
            if self.address is None:
                return None
            self._heard = now  # also before the description is complete, which takes its time
            if self._reader.complete is None:
                return None
            message = message_of(chunk)
            self.counters["messages"] += 1
            return message
        if self.address is None:
            if chunk.kind != chunks.START:
                return None
            self.address = sender
            self.counters["connections"] += 1
        same = self._reader.take(chunk)
        self._heard = now
        if not same:
            self.disconnect("has described itself anew")
        return None
