"""The UDP connection to the robot: one socket, both streams."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import time

from mvp_real.errors import MvpRealError
from mvp_real.robots.digit import DigitTable
from mvp_real.robots.digit_link.chunks import LARGEST, ArtlError
from mvp_real.robots.digit_link.command import CommandWriter, MotorCommand
from mvp_real.robots.digit_link.observation import MotorLimits, Observation, ObservationReader
from mvp_real.robots.digit_link.stream import LINK_TIMEOUT, Address, Publisher, Subscriber

ROBOT_PORT, CLIENT_PORT = 25500, 25501
KEEP_ALIVE = 0.02  # s between chunks of the description while nothing is commanded
_BURST = 64  # datagrams per call of `poll`


class DigitLink:
    """Sends commands to a robot and gives its newest observation. Never blocks.

    Args:
        table: Names of the motors and joints.
        host: Address of the robot.
        port: Where it takes commands.
        listen_port: Where it sends observations to; 0: where the commands come from, which only emulators know.
        timeout: s of silence that end the connection.

    Attributes:
        socket: For `select`.
        subscriber: The stream of observations, with its counters.
        limits: The robot's limits; None while it is not connected or not understood.
        problem: Why the connected robot is not understood; empty if it is.
        skipped: Observations that a newer one overtook before they were looked at.
        sent: Commands sent.

    Raises:
        MvpRealError: The address is none, or the port is taken.
    """

    def __init__(
        self,
        table: DigitTable,
        host: str,
        port: int = ROBOT_PORT,
        listen_port: int = CLIENT_PORT,
        timeout: float = LINK_TIMEOUT,
    ) -> None:
        try:
            ipaddress.IPv4Address(host)
        except ValueError as error:
            raise MvpRealError(f"'{host}' is no IPv4 address of a robot, such as 10.10.1.1") from error
        self._table, self._robot = table, (host, port)
        self._writer = CommandWriter(table.motors)
        self._publisher = Publisher(self._writer.description)
        self.subscriber = Subscriber(timeout)
        self._reader: ObservationReader | None = None
        self.limits: MotorLimits | None = None
        self.problem = ""
        self.skipped = self.sent = self.send_errors = 0
        self._kept_alive = -KEEP_ALIVE
        self._greeted = 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        try:
            self.socket.bind(("127.0.0.1" if host.startswith("127.") else "0.0.0.0", listen_port))
        except OSError as error:
            self.socket.close()
            raise MvpRealError(
                f"UDP port {listen_port} for Digit's observations cannot be used ({error.strerror}); "
                "is another driver running?"
            ) from error

    @property
    def connected(self) -> bool:
        """Whether the robot is connected and understood."""
        return self.limits is not None

    def silence(self, now: float) -> float:
        """s since the robot was last heard; infinite before it is connected."""
        return self.subscriber.silence(now)

    def poll(self, now: float | None = None) -> Observation | None:
        """Take what has arrived; the newest observation, if there is a new one.

        Args:
            now: s of wall time; None: the monotonic clock.
        """
        now = time.monotonic() if now is None else now
        newest: Observation | None = None
        for _ in range(_BURST):
            try:
                datagram, sender = self.socket.recvfrom(LARGEST)
            except BlockingIOError:
                break
            except OSError:
                continue  # an ICMP answer to something sent before: nobody listens there yet
            observation = self.take(datagram, sender, now)
            if observation is not None:
                self.skipped += newest is not None
                newest = observation
        self.check(now)
        return newest

    def send(self, command: MotorCommand | None, now: float | None = None) -> None:
        """Send a command; without one, from time to time what keeps the connection open."""
        for datagram in self.outgoing(command, time.monotonic() if now is None else now):
            try:
                self.socket.sendto(datagram, self._robot)
            except OSError:  # unreachable, or the buffer is full: the robot's own rules take over
                self.send_errors += 1

    # The same without the socket.

    def take(self, datagram: bytes, sender: Address, now: float) -> Observation | None:
        """Take a datagram; whatever it holds, nothing is raised."""
        if sender[0] != self._robot[0]:
            self.subscriber.counters["strangers"] += 1
            return None
        message = self.subscriber.receive(datagram, sender, now)
        return None if message is None else self._understand(message)

    def check(self, now: float) -> None:
        """Let go of a robot that has been silent for too long."""
        if not self.subscriber.check(now):
            self._reader, self.limits, self.problem = None, None, ""

    def outgoing(self, command: MotorCommand | None, now: float) -> list[bytes]:
        """The datagrams of a command, or of nothing but the description."""
        greeting: list[bytes] = []
        if self.subscriber.counters["connections"] != self._greeted:
            # A robot that begins to describe itself has perhaps restarted and does not know us yet.
            self._greeted = self.subscriber.counters["connections"]
            greeting = self._publisher.start(now)
        if command is not None:
            self.sent += 1
            return [*greeting, *self._publisher.datagrams(self._writer.pack(command), now)]
        if greeting or now - self._kept_alive < KEEP_ALIVE:
            return greeting
        self._kept_alive = now
        return self._publisher.silent(now)

    def close(self) -> None:
        """Free the port. The robot falls back to the mode that the last command named."""
        with contextlib.suppress(OSError):
            self.socket.close()

    def _understand(self, message: bytes) -> Observation | None:
        if self.problem:
            return None  # it will not describe itself otherwise before it connects anew
        try:
            if self._reader is None:
                description = self.subscriber.description
                assert description is not None
                self._reader = ObservationReader(description, self._table.motors, self._table.joints)
                self.limits = self._reader.limits
            return self._reader.read(message)
        except ArtlError as error:
            if self._reader is None:
                self.problem = f"the robot's interface is another one: {error}"
            else:
                self.subscriber.counters["malformed"] += 1
            return None
