"""Puts an emulated hand on a CAN bus, in real time."""

from __future__ import annotations

import threading
import time

from mvp_real.emulators.allegro.hand import FAULTS, EmulatedHand
from mvp_real.emulators.allegro.outbox import Outbox
from mvp_real.emulators.fault_board import FaultBoard
from mvp_real.robots.allegro import wire
from mvp_real.robots.allegro.bus import Bus
from mvp_real.robots.allegro.table import HandTable
from mvp_real.robots.real_time import take_priority

PRIORITY = 40  # below the control loop's, like a hand whose clock does not depend on the host


class HandServer:
    """One emulated hand, served by a thread of its own from `start` to `close`; also a context manager.

    Args:
        table: Variant and side.
        interface, channel: CAN bus, see `Bus`.
        seed: Of random faults.

    Raises:
        MvpRealError: The bus cannot be opened.
    """

    def __init__(self, table: HandTable, interface: str, channel: str, seed: int = 0) -> None:
        self.board = FaultBoard(FAULTS)
        self.hand = EmulatedHand(table, self.board, time.monotonic())
        self.outbox = Outbox(self.board, seed)
        self._bus = Bus(interface, channel)
        self._own_process = interface != "virtual"  # else it would keep the host's threads from running
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="allegro emulator", daemon=True)

    def start(self) -> HandServer:
        """Begin to serve."""
        self._thread.start()
        return self

    def close(self) -> None:
        """End serving and leave the bus."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(2.0)
        self._bus.close()

    def __enter__(self) -> HandServer:
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.close()

    def statistics(self) -> dict[str, int | bool]:
        """Counts so far, and whether the motors give no torque."""
        return {
            **self.hand.counts,
            "frames lost on purpose": self.outbox.lost,
            "frames garbled on purpose": self.outbox.garbled,
            "no torque": not any(self.hand.torque),
        }

    def _serve(self) -> None:
        if self._own_process:  # of this thread alone; without it the hand is only less punctual
            take_priority(PRIORITY)
        hand, outbox, bus = self.hand, self.outbox, self._bus
        while not self._ended.is_set():
            now = time.monotonic()
            due = hand.next_due(now)
            waiting = outbox.next_due()
            frame = bus.receive((due if waiting is None else min(due, waiting)) - now)
            now = time.monotonic()
            if frame is not None and self._hears(frame):
                outbox.add(hand.receive(frame, now), now)
            outbox.add(hand.reports(now), now)
            hand.advance(now)
            for out in outbox.due(now):
                bus.send(out)

    def _hears(self, frame: wire.Frame) -> bool:
        """Whether a frame reaches the hand; our own come back on UDP, and are none of its business."""
        message_id = frame.identifier >> 2
        reports = wire.POSE <= message_id < wire.SERVO_ON or message_id in (
            wire.HAND_INFO,
            wire.SERIAL,
            *wire.FINGERTIPS,
        )
        if reports and not frame.remote:
            return False
        return self.board.value("drop") is None and not self.outbox.loses()
