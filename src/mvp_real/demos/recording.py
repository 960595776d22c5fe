"""One episode being recorded: messages come from the robot's threads, a thread of its own puts them on disk."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mvp_real.demos.cdr import header_stamp
from mvp_real.demos.episode_file import EpisodeFile
from mvp_real.demos.image_codec import COMPRESSED_SUFFIX, compressed_message, parse_image
from mvp_real.demos.message_definitions import COMPRESSED_IMAGE, DEFINITIONS, IMAGE
from mvp_real.demos.sync_report import SyncObserver, has_header
from mvp_real.errors import MvpRealError

QUEUE_LIMIT = 256_000_000
"""Bytes that may wait for the disk: some four seconds of two raw 640x480 cameras at 30 Hz."""


SYNC_PERIOD = 0.05
"""Shortest time between two syncs, s: each one costs a third of a millisecond of processor time."""


class Recording:
    """Takes serialised messages and writes them in the order in which they came.

    Compression and disk belong to a thread of their own, so that a slow disk delays nobody. What the disk cannot keep
    up with is counted and reported, never dropped in silence. Each message is handed to the operating system at once,
    and twenty times a second the file is forced to the disk. A killed process thus loses the messages that still
    waited, a power cut what came since the last sync began; the file is whole up to there in either case.

    Attributes:
        overflow: Messages refused because too much was waiting.
        problems: What the sync report found, once finished.
        error: Why writing ended early, None as long as all is well.
        longest_sync: Longest time the disk took, s.
    """

    def __init__(
        self,
        path: Path,
        metadata: Mapping[str, Any],
        namespace: str = "xarm7",
        jpeg: bool = True,
        queue_limit: int = QUEUE_LIMIT,
    ) -> None:
        """Open the file and start the thread.

        Args:
            path: Final path of the episode.
            metadata: What is known before the first message.
            namespace: The robot's.
            jpeg: Compress rgb8 images; otherwise they are stored bit by bit, losslessly packed.
            queue_limit: Bytes that may wait.

        Raises:
            MvpRealError: The file cannot be created.
        """
        self._file = EpisodeFile(
            path, metadata, namespace, durable=False, compression="none" if jpeg else "zstd"
        )
        self._jpeg = jpeg
        self._limit = queue_limit
        self._queue: deque[tuple[str, str, str, bytes, int]] = deque()
        self._waiting = 0
        self._condition = threading.Condition()
        self._closing = False
        self._observer = SyncObserver()
        self._headed: dict[str, bool] = {}
        self.overflow = 0
        self.problems: tuple[str, ...] = ()
        self.error: MvpRealError | None = None
        self.longest_sync = 0.0
        self._thread = threading.Thread(target=self._run, name="recording", daemon=True)
        self._thread.start()

    @property
    def path(self) -> Path:
        """Final path of the episode."""
        return self._file.path

    @property
    def messages(self) -> int:
        """Messages in the file."""
        return self._file.messages

    @property
    def size(self) -> int:
        """Bytes in the file."""
        return self._file.size

    @property
    def waiting(self) -> int:
        """Bytes that wait for the disk."""
        return self._waiting

    def offer(self, topic: str, kind: str, definition: str, data: bytes, received: int) -> bool:
        """Take one message.

        Args:
            topic: Name relative to the robot's namespace.
            kind, definition: Type and its full text.
            data: The message in CDR.
            received: When it arrived, ns.

        Returns:
            False if it was refused: too much waits, or the disk has failed.
        """
        with self._condition:
            if self.error is not None or self._closing:
                return False
            if self._waiting + len(data) > self._limit:
                self.overflow += 1
                return False
            self._queue.append((topic, kind, definition, data, received))
            self._waiting += len(data)
            self._condition.notify()
        return True

    def finish(self, outcome: Mapping[str, Any], path: Path | None = None) -> Path:
        """Write what waits, the sync report, the outcome and the index.

        Args:
            outcome: The verdict; the sync report is added under "sync".
            path: Another final path than the one planned.

        Returns:
            Path of the finished episode.

        Raises:
            MvpRealError: The disk failed; the partial file keeps every message that was written.
        """
        self._drain()
        if self.error is None:
            sync = self._observer.report(self.overflow)
            self.problems = sync.problems
            try:
                return self._file.close({**outcome, "sync": sync.plain()}, path)
            except MvpRealError as error:
                self.error = error
        self._file.abandon()
        raise self.error

    def abandon(self) -> Path:
        """Write what waits and leave the partial file behind."""
        self._drain()
        return self._file.abandon()

    def _drain(self) -> None:
        with self._condition:
            self._closing = True
            self._condition.notify()
        self._thread.join()

    def _run(self) -> None:
        synced = time.monotonic()
        try:
            while True:
                with self._condition:
                    while not self._queue and not self._closing:
                        # With nothing new, what is written is synced all the same.
                        if not self._condition.wait(SYNC_PERIOD):
                            break
                    message = self._queue.popleft() if self._queue else None
                    if message is None and self._closing:
                        return
                if message is not None:
                    self._write(*message)
                    with self._condition:
                        self._waiting -= len(message[3])
                began = time.monotonic()
                if began - synced >= SYNC_PERIOD:
                    self._file.sync()
                    synced = time.monotonic()
                    self.longest_sync = max(self.longest_sync, synced - began)
        except Exception as error:  # nobody else hears of what ends this thread
            known = isinstance(error, MvpRealError)
            with self._condition:
                self.error = error if known else MvpRealError(self._unexpected(error))
                self._queue.clear()
                self._waiting = 0

    def _unexpected(self, error: Exception) -> str:
        return (
            f"recording '{self.path}' ended ({type(error).__name__}: {error}); everything before is kept. "
            f"Finish the file with: mvp_real demos repair '{self._file.partial_path}'"
        )

    def _write(self, topic: str, kind: str, definition: str, data: bytes, received: int) -> None:
        captured = received
        if topic not in self._headed:
            self._headed[topic] = has_header(definition)
        if self._headed[topic]:
            captured = header_stamp(data)
            self._observer.add(topic, captured, received)
        if kind == IMAGE and self._jpeg:
            try:
                data = compressed_message(parse_image(data))
            except ValueError:
                pass  # a feature or another encoding is kept as it came
            else:
                topic, kind = topic + COMPRESSED_SUFFIX, COMPRESSED_IMAGE
                definition = DEFINITIONS[COMPRESSED_IMAGE]
        self._file.write(topic, kind, definition, data, received, captured)
