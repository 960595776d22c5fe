"""A RealSense camera as a frame source: a thread of its own reads, reconnects and says how it is.

Where the frames come from (a device, a recording, a software device) is the `Link`'s business; everything after
a frame has arrived is the same.
"""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from mvp_real.cameras.arrivals import Arrivals
from mvp_real.cameras.host_stamps import HostStamps
from mvp_real.cameras.intrinsics import Intrinsics
from mvp_real.cameras.realsense_frames import CameraError, color_frame, host_time, intrinsics_of, pixels
from mvp_real.cameras.realsense_links import Link
from mvp_real.errors import MvpRealError
from mvp_real.messages import Frame

POLL = 0.1  # s; how long closing and noticing a silence may take
FIRST_WAIT, LONGEST_WAIT = 0.2, 2.0  # s between attempts to connect again


class CameraState(Enum):
    """How a camera is."""

    CLOSED = "closed"
    WAITING = "connected, no image yet"
    STREAMING = "streaming"
    STALE = "stale"
    LOST = "lost"
    ENDED = "end of the recording"


@dataclass(frozen=True)
class Patience:
    """When a silent camera is what.

    Attributes:
        stale: Silence, or age of an image when it arrives, that is too long, s; more than 3 missed frames.
        lost: Silence after which the connection is made anew, s.
        first: The same for the first image of a connection, s: a camera takes its time to start.
    """

    stale: float = 0.1
    lost: float = 1.0
    first: float = 5.0

    def __post_init__(self) -> None:
        if not 0.0 < self.stale <= self.lost:
            raise MvpRealError(
                f"stale after {self.stale} s and lost after {self.lost} s; needs 0 < stale <= lost"
            )


@dataclass(frozen=True)
class CameraStatus:
    """A moment of a camera.

    Attributes:
        state, reason: How it is, and why it is not streaming.
        age: Time since the newest image was taken, by the host's clock, s; None before the first.
        rate: Images per second.
        frames, dropped, reconnects: Counts since the start.
        repeated: Identical images in a row.
        description: What is connected.
    """

    state: CameraState
    reason: str
    age: float | None
    rate: float
    frames: int
    dropped: int
    reconnects: int
    repeated: int
    description: dict[str, str]


class RealSenseCamera:
    """A `FrameSource`. Stamps are capture times in seconds of the host's clock (`time.time()`).

    Args:
        connect: Opens the stream; called again after a loss.
        patience: When the stream is stale and lost.
        on_frame: Called in the camera's thread when there is a new frame; must return at once.
    """

    def __init__(
        self,
        connect: Callable[[], Link],
        patience: Patience | None = None,
        on_frame: Callable[[], None] | None = None,
    ) -> None:
        self._connect = connect
        self._patience = patience or Patience()
        self._on_frame = on_frame
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._arrivals = Arrivals()
        self._stamps = HostStamps()
        self._newest: tuple[Frame, Intrinsics] | None = None
        self._lag = 0.0  # arrival after capture of the newest frame, s
        self._sequence = -1
        self._state, self._reason = CameraState.CLOSED, "not started"
        self._description: dict[str, str] = {}
        self._connections = 0
        self._connected_at = 0.0

    # For whoever uses the camera; none of these waits for it.

    def start(self, wait: float = 0.0) -> None:
        """Connect and begin to read.

        Args:
            wait: How long to try again if the camera is not there yet, s.

        Raises:
            MvpRealError: It cannot be opened.
        """
        deadline = time.monotonic() + wait
        while True:
            try:
                link = self._open()
                break
            except MvpRealError:
                if time.monotonic() >= deadline or self._stop.wait(FIRST_WAIT):
                    raise
        self._thread = threading.Thread(target=self._run, args=(link,), name="camera", daemon=True)
        self._thread.start()
        # A thread inside librealsense at the end of the interpreter would abort the process.
        atexit.register(self.close)

    def latest(self) -> Frame | None:
        """The newest frame, the same one again if nothing new came, or None before the first."""
        newest = self._newest
        return None if newest is None else newest[0]

    def latest_with_intrinsics(self) -> tuple[Frame, Intrinsics] | None:
        """The newest frame and the geometry of its stream, or None before the first."""
        return self._newest

    def status(self) -> CameraStatus:
        """How the camera is now."""
        now = time.monotonic()
        newest = self._newest
        age = None if newest is None else time.time() - newest[0].stamp
        with self._lock:
            state, reason = self._judged(now)
            return CameraStatus(
                state,
                reason,
                age,
                self._arrivals.rate(now),
                self._arrivals.frames,
                self._arrivals.dropped,
                max(0, self._connections - 1),
                self._arrivals.repeated,
                dict(self._description),
            )

    def close(self) -> None:
        """Stop reading and let go of the device; the newest frame stays."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
            atexit.unregister(self.close)
        with self._lock:
            self._state, self._reason = CameraState.CLOSED, "closed"

    # The camera's thread.

    def _run(self, link: Link | None) -> None:
        wait = FIRST_WAIT
        while not self._stop.is_set():
            if link is not None:
                frames = self._arrivals.frames
                try:
                    self._read(link)
                except MvpRealError as error:
                    self._lose(str(error))
                except RuntimeError as error:  # of librealsense
                    self._lose(f"librealsense: {error}")
                finally:
                    link.close()
                link = None
                if self._arrivals.frames > frames:
                    wait = FIRST_WAIT
            if self._state is CameraState.ENDED or self._stop.wait(wait):
                return
            wait = min(2.0 * wait, LONGEST_WAIT)
            try:
                link = self._open()
            except MvpRealError as error:
                self._lose(str(error))

    def _open(self) -> Link:
        try:
            link = self._connect()
        except RuntimeError as error:  # of librealsense, e.g. while a device comes up
            raise CameraError(f"librealsense: {error}") from error
        with self._lock:
            if self._connections:
                self._state, self._reason = CameraState.LOST, "connected again, no image yet"
            else:
                self._state, self._reason = CameraState.WAITING, CameraState.WAITING.value
            self._description = link.description
            self._arrivals.restart()
            self._stamps = HostStamps()
            self._connections += 1
            self._connected_at = time.monotonic()
        return link

    def _read(self, link: Link) -> None:
        """Take frames until there are no more.

        Raises:
            MvpRealError: The stream broke or went silent.
        """
        before = self._arrivals.frames
        while not self._stop.is_set():
            raw = link.wait(min(POLL, self._patience.stale))
            frame = None if raw is None else color_frame(raw)
            if frame is not None:
                self._take(frame, link.live)
                if self._on_frame is not None:
                    self._on_frame()
            elif link.finished():
                with self._lock:
                    self._state, self._reason = CameraState.ENDED, CameraState.ENDED.value
                return
            else:
                self._give_up_when_lost(before, time.monotonic())

    def _take(self, frame: Any, live: bool) -> None:
        arrival, stamp = time.time(), frame.get_timestamp() / 1000.0
        steady = time.monotonic()
        image, number = pixels(frame), int(frame.get_frame_number())
        intrinsics = intrinsics_of(frame)
        with self._lock:
            if not (live and host_time(frame)):
                stamp = self._stamps.convert(stamp, steady) + (arrival - steady)
            self._sequence += 1 + self._arrivals.add(number, image, steady)
            self._newest = Frame(image, stamp, self._sequence), intrinsics
            self._lag = arrival - stamp
            self._state, self._reason = CameraState.STREAMING, ""

    def _lose(self, reason: str) -> None:
        with self._lock:
            self._state, self._reason = CameraState.LOST, reason

    def _give_up_when_lost(self, frames_before: int, now: float) -> None:
        if self._arrivals.frames > frames_before:
            silence, patience = self._arrivals.silence(now), self._patience.lost
        else:
            silence, patience = now - self._connected_at, self._patience.first
        if silence > patience:
            raise CameraError(f"no image for {silence:.1f} s")

    def _judged(self, now: float) -> tuple[CameraState, str]:
        if self._state is not CameraState.STREAMING:
            return self._state, self._reason
        silence, stale = self._arrivals.silence(now), self._patience.stale
        if silence > stale:
            return CameraState.STALE, f"no image for {silence:.2f} s"
        if abs(self._lag) > stale:
            when = (
                f"{self._lag:.2f} s old" if self._lag > 0.0 else f"stamped {-self._lag:.2f} s in the future"
            )
            return CameraState.STALE, f"images arrive {when}"
        return CameraState.STREAMING, ""
