"""A thread that ticks steadily while the arm is driven, and looks around now and then while it is not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

LOOK = 0.5  # s between two looks
DOZE = 0.05  # s


class Driven(Protocol):
    """What the thread calls."""

    @property
    def idle(self) -> bool:
        """Whether there is nothing to send."""
        ...

    def tick(self, now: float) -> None:
        """Send the next point; `now` is monotonic time, s."""
        ...

    def look(self) -> None:
        """Look after the box while nothing is sent."""
        ...


class ServoThread:
    """See the module.

    Args:
        driven: What ticks.
        period: s.
        prepare: Called once in the thread, e.g. for its priority.
    """

    def __init__(self, driven: Driven, period: float, prepare: Callable[[], None]) -> None:
        self._driven, self._period, self._prepare = driven, period, prepare
        self._wake = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._work, name="servo", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """There is something to do."""
        self._wake.set()

    def end(self) -> None:
        """End, after the present tick."""
        self._ended = True
        self._wake.set()
        if self.alive:
            self._thread.join(3.0)

    def _work(self) -> None:
        self._prepare()
        due, looked = time.monotonic(), 0.0
        while not self._ended:
            if self._driven.idle:
                woken = self._wake.wait(DOZE)
                self._wake.clear()
                due = time.monotonic()
                if self._driven.idle and (woken or due - looked >= LOOK) and not self._ended:
                    self._driven.look()
                    looked = time.monotonic()
                continue
            wait = due - time.monotonic()
            if wait > 0.0:
                time.sleep(wait)
            now = time.monotonic()
            # The grid stays, but what was missed is not made up for.
            due = max(due + self._period, now + 0.5 * self._period)
            self._driven.tick(now)
