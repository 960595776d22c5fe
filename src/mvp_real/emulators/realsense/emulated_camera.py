"""What an emulated camera does to frames on their way out, as its fault board says."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from dataclasses import replace

import numpy as np

from mvp_real.emulators.fault_board import FaultBoard, FaultSpec, common_faults
from mvp_real.emulators.frame_stream import FrameServer
from mvp_real.errors import MvpRealError
from mvp_real.messages import Frame

POWER_CYCLE = 1.0  # s without power
GARBLED_ROWS = 16
FAULTS: dict[str, FaultSpec] = {
    **common_faults("silence", "drop", "delay", "jitter", "garble", "freeze", "power_cycle"),
    "drop": FaultSpec("unplugged: the connection is closed, and refused while active"),
    "garble": FaultSpec("this share of the images has rows of noise, as from a bad cable", "share"),
    "freeze": FaultSpec("images keep coming with new stamps, but always show the same"),
    "wrong_resolution": FaultSpec("images have half the width and height"),
    "clock_jump": FaultSpec("stamps are this much later than the truth", "s"),
    "rate": FaultSpec("no more images per second than this, as from a camera in the dark", "Hz"),
}


class FrameFaults:
    """The faults that change single frames; times are handed in.

    Args:
        board: The faults.
        seed: Of jitter and noise.
    """

    def __init__(self, board: FaultBoard, seed: int = 0) -> None:
        self._board = board
        self._random = np.random.default_rng(seed)
        self._frozen: Frame | None = None
        self._sent: float | None = None
        self._due = 0.0

    def apply(self, frame: Frame, now: float) -> tuple[float, Frame] | None:
        """When to send which frame, or None for not at all.

        Args:
            frame: As it was taken.
            now: Present time of a monotonic clock, s.
        """
        value = self._board.value
        # Remembered before anything else: a camera freezes on an image that was never seen outside, too.
        if value("freeze") is None or self._frozen is None:
            self._frozen = frame
        frame = replace(frame, image=self._frozen.image)
        if value("silence") is not None:
            return None
        rate = value("rate")
        if rate is not None and self._sent is not None and (now - self._sent) * rate < 1.0:
            return None
        self._sent = now
        if value("wrong_resolution") is not None:
            frame = replace(frame, image=np.ascontiguousarray(frame.image[::2, ::2]))
        if self._random.random() < (value("garble") or 0.0):
            frame = replace(frame, image=self._garbled(frame.image))
        frame = replace(frame, stamp=frame.stamp + (value("clock_jump") or 0.0))
        delay = (value("delay") or 0.0) + self._random.uniform(0.0, value("jitter") or 0.0)
        # A cable keeps the order.
        self._due = max(now + delay, min(self._due, now + delay + (value("jitter") or 0.0)))
        return self._due, frame

    def _garbled(self, image: np.ndarray) -> np.ndarray:
        image = image.copy()
        rows = min(GARBLED_ROWS, len(image))
        first = int(self._random.integers(0, len(image) - rows + 1))
        image[first : first + rows] = self._random.integers(
            0, 256, image[first : first + rows].shape, np.uint8
        )
        return image


class EmulatedCamera:
    """Serves frames at one address, through the faults of a board.

    Args:
        board: Made with `FAULTS`.
        host, port: Where to serve; port 0 takes a free one.

    Attributes:
        host, port: Where it serves; the same after being unplugged.

    Raises:
        MvpRealError: The address is taken.
    """

    def __init__(self, board: FaultBoard, host: str = "127.0.0.1", port: int = 0) -> None:
        self._board = board
        self._faults = FrameFaults(board)
        self._server: FrameServer | None = FrameServer(host, port)
        self.host, self.port = self._server.host, self._server.port
        self._sequence = 0
        self._out = -1  # number of the newest frame that has gone out
        self._order = itertools.count()
        self._waiting: list[tuple[float, int, Frame]] = []
        self._news = threading.Condition()
        self._closed = False
        board.subscribe(self._on_fault)
        self._thread = threading.Thread(target=self._deliver, name="emulated camera", daemon=True)
        self._thread.start()

    def put(self, frame: Frame) -> None:
        """A frame has been exposed; it leaves numbered by this camera."""
        with self._news:
            numbered = replace(frame, sequence=self._sequence)
            self._sequence += 1
            out = self._faults.apply(numbered, time.monotonic())
            if out is not None:
                heapq.heappush(self._waiting, (out[0], next(self._order), out[1]))
                self._news.notify()

    def close(self) -> None:
        """Stop serving."""
        with self._news:
            self._closed = True
            self._news.notify()
        self._thread.join()
        self._unplug()

    def _deliver(self) -> None:
        while True:
            with self._news:
                wait = self._waiting[0][0] - time.monotonic() if self._waiting else None
                if not self._closed and (wait is None or wait > 0.0):
                    self._news.wait(wait)
                    continue
                if self._closed:
                    return
                frame, server = heapq.heappop(self._waiting)[2], self._server
                # After a delay has ended the frames that still wait are older than what has gone out.
                overtaken = frame.sequence < self._out
                self._out = max(self._out, frame.sequence)
            if server is not None and not overtaken:
                server.publish(frame)

    def _on_fault(self, name: str, value: float | None) -> None:
        if name == "drop":
            self._unplug() if value is not None else self._plug()
        elif name == "power_cycle" and value is not None:
            self._unplug()
            with self._news:
                self._sequence, self._out = 0, -1
            threading.Timer(POWER_CYCLE, self._board.clear, ("power_cycle",)).start()
        elif name == "power_cycle" and self._board.value("drop") is None:
            self._plug()

    def _unplug(self) -> None:
        with self._news:
            server, self._server = self._server, None
            self._waiting.clear()
        if server is not None:
            server.close()

    def _plug(self) -> None:
        with self._news:
            if self._server is None and not self._closed:
                try:
                    self._server = FrameServer(self.host, self.port)
                except MvpRealError as error:
                    # Somebody took the port meanwhile: whoever cleared the fault is told.
                    raise MvpRealError(f"the camera stays unplugged: {error}") from error
