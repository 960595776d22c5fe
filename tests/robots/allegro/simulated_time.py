"""The real control loop and the real emulated hand on one bus whose time is simulated: exact, and fast."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable

import numpy as np

from mvp_real.clocks import ManualClock
from mvp_real.emulators.allegro.hand import FAULTS, EmulatedHand
from mvp_real.emulators.allegro.outbox import Outbox
from mvp_real.emulators.fault_board import FaultBoard
from mvp_real.messages import FloatArray
from mvp_real.robots.allegro import wire
from mvp_real.robots.allegro.loop import HandLoop
from mvp_real.robots.allegro.mailbox import Mode, Order, Report, SharedMemory
from mvp_real.robots.allegro.table import HandTable, load_hand
from mvp_real.robots.interpolation import TargetInterpolator

DRIVER_PERIOD = 0.01


class SimulatedHand:
    """A loop, a hand and a driver that says the same again and again.

    Attributes:
        torques: (time, largest count) of each cycle's torque frames, as seen on the bus.
        reports: Every change of (state, fault): (time, state name, fault).
        mode: What the driver orders.
        parent_alive: Whether the driver's process lives.
        driver_speaks: Whether it gives signs of life.
    """

    def __init__(self, variant: str = "v4", side: str = "right", hand: HandTable | None = None) -> None:
        self.table = load_hand(variant, side)
        self.clock = ManualClock(100.0)
        self.board = FaultBoard(FAULTS)
        self.hand = EmulatedHand(hand or self.table, self.board, self.clock.now())
        self.outbox = Outbox(self.board)
        self.memory = SharedMemory()
        self._loop_memory = SharedMemory(os.dup(self.memory.file))
        self._write_report = self._loop_memory.write_report
        self._loop_memory.write_report = self._note  # type: ignore[method-assign]
        self.torques: list[tuple[float, int]] = []
        self.reports: list[tuple[float, str, str]] = []
        self.mode = Mode.IDLE
        self.generation = 0
        self.parent_alive = self.driver_speaks = True
        self.interpolator = TargetInterpolator(self.table)
        self.interpolator.reset(self.table.home, 0.0)
        self.loop = HandLoop(
            self.table, self, self._loop_memory, lambda: not self.parent_alive, clock=self.clock.now
        )
        self._plan: list[tuple[float, Callable[[], None]]] = []
        self._counts = [0] * 16
        self._next_order = 0.0
        self._end = float("inf")

    # The loop's side of the bus.

    def send(self, frame: wire.Frame) -> bool:
        now = self.clock.now()
        message = wire.decode(frame)
        if isinstance(message, wire.Torque):
            self._counts[4 * message.finger : 4 * message.finger + 4] = message.counts
            if message.finger == 3:
                self.torques.append((now, max(map(abs, self._counts))))
        if self.board.value("drop") is None and not self.outbox.loses():
            self.outbox.add(self.hand.receive(frame, now), now)
        return True

    def receive(self, timeout: float) -> wire.Frame | None:
        deadline = self.clock.now() + max(timeout, 1e-6)
        while True:
            now = self.clock.now()
            while self._plan and self._plan[0][0] <= now:
                self._plan.pop(0)[1]()
            if now >= self._end:
                self.loop.quit()
            if now >= self._next_order:
                self._next_order = now + DRIVER_PERIOD
                self.order()
            self.outbox.add(self.hand.reports(now), now)
            out = self.outbox._waiting  # one frame at a time, as a bus gives them
            if out and out[0][0] <= now:
                return out.popleft()[1]
            if now >= deadline:
                return None
            times = [deadline, self._next_order, self.hand.next_due(now), self.outbox.next_due() or deadline]
            if self._plan:
                times.append(self._plan[0][0])
            self.clock.advance(max(min(times) - now, 1e-6))
            self.hand.advance(self.clock.now())

    # Playing the driver.

    def order(self) -> None:
        if self.driver_speaks:
            coefficients, start, duration = self.interpolator.segment
            self.memory.write_order(
                Order(
                    self.clock.now(), self.mode, self.generation, start, duration,
                    tuple(coefficients.ravel().tolist()),
                )
            )  # fmt: skip

    def at(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something `seconds` after now."""
        self._plan.append((self.clock.now() + seconds, action))
        self._plan.sort(key=lambda entry: entry[0])

    def move(self, target: FloatArray, duration: float = 0.4) -> None:
        """Control, from where the joints are, towards a target."""
        if self.mode is not Mode.CONTROL:
            self.interpolator.reset(np.array(self.report.position), self.clock.now())
            self.mode = Mode.CONTROL
        self.interpolator.set_target(target, duration, self.clock.now())

    def run(self, seconds: float) -> None:
        """Run the loop for this long, then let it end."""
        self._end = self.clock.now() + seconds
        self.loop.run()

    # What came of it.

    @property
    def report(self) -> Report:
        report = self.memory.read_report()
        assert report is not None
        return report

    def _note(self, report: Report) -> None:
        entry = (report.state.name, report.fault)
        if not self.reports or self.reports[-1][1:] != entry:
            self.reports.append((self.clock.now(), *entry))
        self._write_report(report)

    def fault(self) -> tuple[float, str]:
        """Time and text of the first fault."""
        return next((at, fault) for at, _, fault in self.reports if fault)

    def zero_since(self) -> float:
        """Time from which on no torque frame asked for torque."""
        last = max((at for at, count in self.torques if count), default=0.0)
        return next(at for at, count in self.torques if at > last)


def changed(table: HandTable, **changes: object) -> HandTable:
    """A table with some facts replaced."""
    return dataclasses.replace(table, **changes)  # type: ignore[arg-type]
