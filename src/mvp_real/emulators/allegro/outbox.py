"""What leaves the emulated hand: late, corrupted or not at all, as the fault board says."""

from __future__ import annotations

from collections import deque
from random import Random

from mvp_real.emulators.fault_board import FaultBoard
from mvp_real.robots.allegro.wire import LARGEST_ID, Frame

MUTE = ("silence", "drop")


class Outbox:
    """Frames on their way out, in order; times are handed in.

    Args:
        board: Faults.
        seed: Of what is drawn.

    Attributes:
        lost, garbled: Frames that were lost and corrupted on purpose.
    """

    def __init__(self, board: FaultBoard, seed: int = 0) -> None:
        self._board = board
        self._random = Random(seed)
        self._waiting: deque[tuple[float, Frame]] = deque()
        self._last = 0.0
        self.lost = self.garbled = 0

    def loses(self) -> bool:
        """Whether the next frame, in either direction, is lost."""
        share = self._board.value("loss")
        lost = share is not None and self._random.random() < share
        self.lost += lost
        return lost

    def add(self, frames: list[Frame], now: float) -> None:
        """Queue frames; a bus keeps their order."""
        if not frames or any(self._board.value(fault) is not None for fault in MUTE):
            return
        delay = self._board.value("delay") or 0.0
        jitter = self._board.value("jitter") or 0.0
        for frame in frames:
            if self.loses():
                continue
            self._last = max(self._last, now + delay + jitter * self._random.random())
            self._waiting.append((self._last if delay or jitter else now, self._garble(frame)))

    def due(self, now: float) -> list[Frame]:
        """Frames that leave now."""
        out = []
        while self._waiting and self._waiting[0][0] <= now:
            out.append(self._waiting.popleft()[1])
        return out

    def next_due(self) -> float | None:
        """When the next frame leaves; None if none waits."""
        return self._waiting[0][0] if self._waiting else None

    def _garble(self, frame: Frame) -> Frame:
        share = self._board.value("garble")
        random = self._random
        if share is None or random.random() >= share:
            return frame
        self.garbled += 1
        identifier, data, remote = frame
        kind = random.randrange(3)
        if kind == 0:
            return Frame(random.randint(0, LARGEST_ID), data, remote)
        if kind == 1:
            return Frame(identifier, data[: random.randint(0, 7)], remote)
        return Frame(identifier, bytes(random.randrange(256) for _ in data), remote)
