"""The control loop of the hand: joint angles in, torques out, every 3 ms.

It trusts nobody. Torque goes to zero within `decay_time` when the driver gives no sign of life, when a finger
does not report, when the hand complains, when its angles stand still while they should move, and at the end.
A fault is latched until the driver's orders carry a larger generation; meanwhile the loop starts the hand anew, so
that an operator finds it ready.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from mvp_real.robots.allegro import wire
from mvp_real.robots.allegro.handshake import Handshake, let_go
from mvp_real.robots.allegro.inbox import Inbox
from mvp_real.robots.allegro.law import JointLaw
from mvp_real.robots.allegro.mailbox import LoopState, Mode, Order, Report, SharedMemory
from mvp_real.robots.allegro.scales import scale_of
from mvp_real.robots.allegro.set_points import SetPoints
from mvp_real.robots.allegro.table import JOINTS_PER_FINGER, HandTable
from mvp_real.robots.allegro.wire import Frame

INFO_EVERY = 0.1  # s between two questions after the hand's state
LATE_ANSWERS = 3  # in a row
BAD_ANSWERS = 2  # in a row
FROZEN_AFTER = 0.3  # s
FROZEN_WAY = 0.1  # rad of set-point
OVERDUE = 5.0 / 3.0  # servo periods after which a cycle does not wait for the last finger
STARTING_REPORTS = 0.02  # s
LAST_FRAMES, LAST_WAIT = 200, 0.01  # s


class Channel(Protocol):
    """What the loop needs of a bus; `Bus` is one."""

    def send(self, frame: Frame) -> bool:
        """Send without waiting; whether the bus took it."""
        ...

    def receive(self, timeout: float) -> Frame | None:
        """The next frame, or None after `timeout` s."""
        ...


class HandLoop:
    """One hand on one bus.

    Args:
        table: The hand.
        bus: Where it is.
        memory: Orders and reports.
        parent_gone: Says whether the driver's process has ended.
        accept_hardware: See `Handshake`.
        warning: Something about this process that the driver should pass on.
        clock: Time in seconds; the driver's orders are stamped with the same.
    """

    def __init__(
        self,
        table: HandTable,
        bus: Channel,
        memory: SharedMemory,
        parent_gone: Callable[[], bool] = lambda: False,
        accept_hardware: int = 0,
        warning: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._table, self._bus, self._memory = table, bus, memory
        self._parent_gone, self._warning = parent_gone, warning
        self._clock = clock
        self._scale = scale_of(table.wire)
        self._inbox = Inbox(table)
        self._law = JointLaw(table)
        self._set_points = SetPoints(table)
        self._handshake = Handshake(table, self._inbox, self._send, accept_hardware)
        self._period = table.servo_period
        self._state = LoopState.STARTING
        self._order = Order(0.0)
        self._generation = 0
        self._fault = ""
        self._hand_lost = False
        self._quit = False
        self._cycles = self._late = self._unsent = self._torques = 0
        self._last_cycle = self._reported_at = 0.0
        self._asked_at = 0.0
        self._asking = False
        self._late_answers = self._bad_answers = 0

    def quit(self) -> None:
        """Let go, switch the hand off and return from `run`; safe in a signal handler."""
        self._quit = True

    def run(self) -> None:
        """Control until the driver says QUIT or is gone; leaves the hand without torque and power."""
        try:
            while True:
                frame = self._bus.receive(self._wait())
                now = self._clock()
                if frame is not None:
                    self._inbox.take(frame, now)
                ended = self._quit or self._parent_gone()
                if self._state is LoopState.STARTING:
                    if ended:
                        return
                    self._start(now)
                elif self._inbox.complete or now - self._last_cycle >= OVERDUE * self._period:
                    # Frames that wait are read first: this process may be late, and the hand not silent.
                    self._cycle(now, frame is None, ended)
                    if ended and self._law.still:
                        return
        finally:
            self._switch_off()

    def _wait(self) -> float:
        if self._state is LoopState.STARTING:
            return STARTING_REPORTS
        return self._last_cycle + OVERDUE * self._period - self._clock()

    def _start(self, now: float) -> None:
        self._read_order(now)
        if self._handshake.advance(now):
            self._state = LoopState.READY
            self._hand_lost = False
            self._law.forget()
            self._inbox.begin_cycle()
            self._inbox.changed_at = now
            self._last_cycle = now - self._period
            self._asking = False
            self._late_answers = self._bad_answers = 0
        if now - self._reported_at >= STARTING_REPORTS:
            self._report(now)

    def _cycle(self, now: float, nothing_waits: bool, ended: bool) -> None:
        dt = now - self._last_cycle
        self._last_cycle = now
        self._cycles += 1
        self._late += dt > 1.5 * self._period
        self._read_order(now)
        if dt > self._table.loop_age:
            self._law.torque = [0.0] * len(self._law.torque)  # the driver let go in our place
            self._fail(f"the control loop stood still for {dt:.2f} s")
        inbox = self._inbox
        silent = inbox.silent_finger(now, self._table.frame_age) if nothing_waits else ""
        if silent:
            self._fail(f"no joint angles of the {silent} finger for {self._table.frame_age:.2f} s")
            self._hand_lost = True
        self._law.measure(inbox.angles, max(dt, 0.5 * self._period))
        inbox.begin_cycle()
        self._look_after(now)
        if self._order.mode is Mode.CONTROL and not self._fault and not ended:
            self._control(now, dt)
        else:
            self._state = LoopState.READY
            self._law.decay(dt)
        self._send_torque()
        if self._hand_lost and self._law.still:
            self._state = LoopState.STARTING
            self._handshake.restart()
        self._report(now)

    def _control(self, now: float, dt: float) -> None:
        if self._state is not LoopState.CONTROL:
            self._state = LoopState.CONTROL
            self._law.forget()
            self._law.measure(self._inbox.angles, self._period)
            self._set_points.start(self._inbox.angles)
            self._inbox.changed_at = now
        self._set_points.follow(self._order, now, dt)
        if now - self._inbox.changed_at > FROZEN_AFTER and self._set_points.way > FROZEN_WAY:
            self._fail(f"no joint angle changed for {FROZEN_AFTER:.1f} s while the fingers should move")
            self._law.decay(dt)
            return
        if now == self._inbox.changed_at or now - self._inbox.changed_at <= self._period:
            self._set_points.begin_way()
        self._law.control(self._set_points.position, self._set_points.speed, min(dt, 2.0 * self._period))

    def _look_after(self, now: float) -> None:
        """Ask the hand how it is, and judge what it and the driver say."""
        inbox, order = self._inbox, self._order
        if order.mode is Mode.CONTROL and now - order.stamp > self._table.parent_age:
            self._fail(f"no sign of life of the driver for {self._table.parent_age:.2f} s")
        if self._asking and inbox.info is not None and inbox.info_at >= self._asked_at:
            self._asking = False
            late = inbox.info_at - self._asked_at > self._table.frame_age
            self._late_answers = self._late_answers + 1 if late else 0
            if self._late_answers >= LATE_ANSWERS:
                self._fail(f"the hand answers {inbox.info_at - self._asked_at:.2f} s late")
            complaint = inbox.info.fault or ("" if inbox.info.servo_on else "without power for its motors")
            self._bad_answers = self._bad_answers + 1 if complaint else 0
            if self._bad_answers >= BAD_ANSWERS:
                self._fail(f"the hand is {complaint}")
                self._hand_lost = True
        overdue = now - self._asked_at > 10.0 * INFO_EVERY
        if now - self._asked_at >= INFO_EVERY and (not self._asking or overdue):
            self._asking, self._asked_at = True, now
            self._send(wire.Request(wire.HAND_INFO))

    def _fail(self, reason: str) -> None:
        self._fault = self._fault or reason

    def _read_order(self, now: float) -> None:
        order = self._memory.read_order(self._order)
        if order.generation > self._generation:
            self._generation, self._fault = order.generation, ""
        if order.mode is Mode.QUIT:
            self._quit = True
        self._order = order

    def _send(self, message: wire.Message) -> None:
        taken = self._bus.send(wire.encode(message))
        self._unsent += not taken
        self._torques += taken and isinstance(message, wire.Torque)

    def _send_torque(self) -> None:
        counts = self._scale.torque_counts(self._law.torque)
        for finger in range(4):
            first = JOINTS_PER_FINGER * finger
            self._send(wire.Torque(finger, tuple(counts[first : first + JOINTS_PER_FINGER])))  # type: ignore[arg-type]

    def _switch_off(self) -> None:
        let_go(self._send)
        self._send(wire.SetPeriod(0, 0, 0))
        self._send(wire.ServoOff())
        for _ in range(
            LAST_FRAMES
        ):  # what is still on its way counts, so that counts of both sides can be compared
            frame = self._bus.receive(LAST_WAIT)
            if frame is None:
                break
            self._inbox.take(frame, self._clock())
        self._state = LoopState.ENDED
        self._report(self._clock())

    def _report(self, now: float) -> None:
        inbox, law = self._inbox, self._law
        self._reported_at = now
        info = inbox.info
        starting = self._state is LoopState.STARTING
        self._memory.write_report(
            Report(
                now,
                LoopState.REFUSED if starting and self._handshake.refused else self._state,
                self._generation,
                self._fault,
                self._handshake.waiting if starting else "",
                self._cycles,
                inbox.frames,
                inbox.refused,
                self._late,
                self._unsent,
                self._torques,
                min(inbox.heard),
                tuple(inbox.angles),
                tuple(law.velocity),
                tuple(law.torque),
                tuple(self._set_points.position),
                tuple(inbox.temperature),
                info.hardware if info else 0,
                info.firmware if info else 0,
                info.status if info else 0,
                inbox.serial.text if inbox.serial else "",
                self._warning,
            )
        )
