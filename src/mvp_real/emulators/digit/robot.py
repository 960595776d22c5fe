"""The robot's control program as its low-level interface shows it: who moves the motors when, and what is sent.

Commands are applied while they come and ask for it. When they stop coming for 100 ms the robot goes to the fallback
mode of the last one. With its error flag up it ends the interface after a delay. Times are those of the robot's clock.
"""

from __future__ import annotations

import queue
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import replace

from mvp_real.emulators.digit.body import DigitBody, Mode
from mvp_real.emulators.digit.faults import WEAK_MOTOR, FaultyWire
from mvp_real.emulators.fault_board import FaultBoard
from mvp_real.robots.digit_link.chunks import ArtlError
from mvp_real.robots.digit_link.command import CommandReader, MotorCommand, OperationMode
from mvp_real.robots.digit_link.observation import Observation, ObservationWriter
from mvp_real.robots.digit_link.stream import LINK_TIMEOUT, Address, Publisher, Subscriber

BOOT_MS = 1500  # from power on to the first datagram
MODES = {
    OperationMode.DISABLED: Mode.DISABLED,
    OperationMode.DAMPING: Mode.DAMPING,
    OperationMode.LOCOMOTION: Mode.LOCOMOTION,
}


class EmulatedDigit:
    """One robot: datagrams in, one millisecond per `step`, datagrams out.

    Args:
        body: Its physics.
        board: Its faults.
        timeout: s without a command after which it falls back.
        seed: Of random faults.
        changed: Called with ms, mode and why when the mode changes.

    Attributes:
        body: Its physics.
        counters: "commands", "refused", "fallbacks", "power cycles".
        history: Newest changes of the mode: ms, mode, why.
    """

    def __init__(
        self,
        body: DigitBody,
        board: FaultBoard,
        timeout: float = LINK_TIMEOUT,
        seed: int = 0,
        changed: Callable[[int, Mode, str], None] = lambda milliseconds, mode, why: None,
    ) -> None:
        self.body, self._board, self._timeout, self._changed = body, board, timeout, changed
        self.counters: Counter[str] = Counter()
        self.history: deque[tuple[int, Mode, str]] = deque(maxlen=64)
        self._wire = FaultyWire(board, seed)
        table = body.table
        self._writers = {
            False: ObservationWriter(table.motors, table.joints, body.limits),
            True: ObservationWriter(
                tuple(name.lower() + "_drive" for name in table.motors), table.joints, body.limits
            ),
        }
        self._events: queue.SimpleQueue[tuple[str, float | None]] = queue.SimpleQueue()
        board.subscribe(lambda name, value: self._events.put((name, value)))
        self._epoch = 0  # ms at which the control program started
        self._off_until: int | None = None
        self._error_since: int | None = None
        self._shut = False
        self._frozen: Observation | None = None
        self._begin()

    @property
    def time(self) -> float:
        """s since the control program started."""
        return (self.body.milliseconds - self._epoch) / 1000

    @property
    def client(self) -> Address | None:
        """Who is connected."""
        return self.subscriber.address

    def _begin(self) -> None:
        """State of a control program that has just started."""
        self.subscriber = Subscriber(self._timeout)
        self._reader: CommandReader | None = None
        self._publisher: Publisher | None = None
        self._published_wrong = False
        self._command: MotorCommand | None = None
        self._commanded_at = -1.0
        self._fallback = Mode.DAMPING

    # What comes in.

    def receive(self, datagram: bytes, sender: Address) -> None:
        """Take a datagram; whatever it holds, nothing is raised."""
        if self._off_until is not None or self._board.value("drop") or self._wire.loses():
            return
        before = self.subscriber.address
        message = self.subscriber.receive(datagram, sender, self.time)
        if self.subscriber.address != before:
            self._reader, self._publisher = None, None
        if message is None:
            return
        try:
            if self._reader is None:
                description = self.subscriber.description
                assert description is not None
                self._reader = CommandReader(description, self.body.table.motors)
            command = self._reader.read(message)
        except ArtlError:
            self.counters["refused"] += 1
            return
        self.counters["commands"] += 1
        self._command, self._commanded_at = command, self.time
        self.body.drive(command)

    # A millisecond.

    def step(self) -> list[bytes]:
        """Move everything by a millisecond; the datagrams for the client."""
        self._take_events()
        self._boot()
        if not self.subscriber.check(self.time):
            self._reader, self._publisher = None, None
        mode, why = self._decide()
        if mode is not self.body.mode:
            self.counters["fallbacks"] += self.body.mode is Mode.LOW_LEVEL
            self.history.append((self.body.milliseconds, mode, why))
            self._changed(self.body.milliseconds, mode, why)
            self.body.set_mode(mode)
        self.body.advance(1)
        if self._off_until is not None or self.client is None:
            self._wire.clear()
            return []
        for datagram in self._outgoing():
            self._wire.send(datagram, self.body.milliseconds)
        return self._wire.arriving(self.body.milliseconds)

    def _decide(self) -> tuple[Mode, str]:
        """Mode of this millisecond, and why."""
        present = self.body.mode
        if self._off_until is not None:
            return Mode.DISABLED, "power off"
        if self._board.value("emergency_stop"):
            return Mode.DISABLED, "emergency stop"
        command = self._command
        if command is not None and self.time - self._commanded_at > self._timeout:
            self._command = command = None
            if present is Mode.LOW_LEVEL:
                return self._fallback, f"no command for {self._timeout:.2f} s"
        if self._shut:
            asked = command is not None and command.apply
            self._shut = asked or self._error_since is not None
            return Mode.DAMPING, "the low-level interface has ended after an error"
        if command is None:
            return present, ""
        self._fallback = MODES[command.fallback]
        if command.apply:
            return Mode.LOW_LEVEL, "commands are applied"
        return self._fallback, "commands are not to be applied"

    def _outgoing(self) -> list[bytes]:
        wrong = self._board.value("wrong_version") is not None
        if self._publisher is None or wrong != self._published_wrong:
            self._publisher, self._published_wrong = Publisher(self._writers[wrong].description), wrong
        seen = self.body.observe(self.time, self._error_since is not None)
        if self._board.value("freeze"):
            self._frozen = self._frozen or seen
            seen = replace(self._frozen, time=seen.time, error=seen.error)
        else:
            self._frozen = None
        return self._publisher.datagrams(self._writers[wrong].pack(seen), self.time)

    # Faults.

    def _take_events(self) -> None:
        while not self._events.empty():
            name, value = self._events.get()
            if name == "gain_drop":
                self.body.weaken(WEAK_MOTOR, 1.0 if value is None else value)
            elif name in ("push", "pull") and value is not None:
                self.body.push(value if name == "push" else -value)
            elif name == "power_cycle" and value is not None:
                self.counters["power cycles"] += 1
                self._off_until = self.body.milliseconds + BOOT_MS
                self._error_since, self._shut = None, False
                self._begin()
        failing = self._board.value("error") or self._board.value("emergency_stop")
        now = self.body.milliseconds
        if not failing:
            self._error_since = None
        elif self._error_since is None:
            self._error_since = now
        elif now - self._error_since > 1000.0 * self.body.limits.error_shutdown_delay:
            self._shut = True
        if self._board.value("emergency_stop"):
            self._shut = True

    def _boot(self) -> None:
        if self._off_until is not None and self.body.milliseconds >= self._off_until:
            self._off_until, self._epoch = None, self.body.milliseconds
            self._board.clear("power_cycle")
