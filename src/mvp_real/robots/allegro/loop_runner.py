"""Starts the control loop, in a process of its own or in a thread, and takes its place when it dies or stalls."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping

from mvp_real.robots.allegro import wire
from mvp_real.robots.allegro.bus import Bus
from mvp_real.robots.allegro.handshake import let_go
from mvp_real.robots.allegro.loop import HandLoop
from mvp_real.robots.allegro.loop_process import LoopSettings
from mvp_real.robots.allegro.mailbox import SharedMemory
from mvp_real.robots.allegro.table import HandTable

RESTART_AFTER = 0.5  # s
ENDS_WITHIN = 2.0  # s


class LoopRunner:
    """The loop of one hand.

    Args:
        table: The hand.
        interface, channel: Of the bus.
        memory: Shared with the loop.
        accept_hardware: See `Handshake`.
        changes: Numbers of the table that differ from the file's, for the process.
        in_process: Run the loop in a thread: the interface `virtual` does not leave a process.

    Attributes:
        starts: How often the loop was started.
        rescues: How often zero torque was sent in its place.
    """

    def __init__(
        self,
        table: HandTable,
        interface: str,
        channel: str,
        memory: SharedMemory,
        accept_hardware: int = 0,
        changes: Mapping[str, float] | None = None,
        in_process: bool = False,
    ) -> None:
        self._table, self._memory = table, memory
        self._settings = LoopSettings(
            table.variant, table.side, interface, channel, memory.file, os.getpid(), accept_hardware,
            changes=changes or {},
        )  # fmt: skip
        self._in_process = in_process
        self._guard = Bus(interface, channel, deaf=True)
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None
        self._died_at = 0.0
        self.starts = self.rescues = 0
        self.started_at = 0.0

    @property
    def pid(self) -> int | None:
        """Process id of the loop, None in a thread."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the loop; it makes the hand ready by itself."""
        self.starts += 1
        self.started_at = time.monotonic()
        self._died_at = 0.0
        if self._in_process:
            settings = self._settings
            bus = Bus(settings.interface, settings.channel)
            loop = HandLoop(self._table, bus, self._memory, accept_hardware=settings.accept_hardware)
            self._thread = threading.Thread(target=_run_and_close, args=(loop, bus), daemon=True)
            self._thread.start()
            return
        self._process = subprocess.Popen(
            [sys.executable, "-m", "mvp_real.robots.allegro.loop_process", self._settings.to_json()],
            pass_fds=(self._memory.file,),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    def death(self) -> str:
        """How the loop ended; empty while it lives."""
        if self._thread is not None:
            return "" if self._thread.is_alive() else "its thread ended"
        code = self._process.poll() if self._process else 0
        if code is None:
            return ""
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    def revive(self, now: float) -> None:
        """Start a dead loop again, not more often than twice a second."""
        if not self._died_at:
            self._died_at = now
        elif now - self._died_at >= RESTART_AFTER:
            self.start()

    def rescue(self) -> None:
        """Send zero torque and cut the power in the place of a loop that does not."""
        self.rescues += 1
        self._send_all()

    def stop(self) -> None:
        """Wait for a loop that was told to QUIT, end one that does not, and give the bus back."""
        if self._thread is not None:
            self._thread.join(ENDS_WITHIN)
        if self._process is not None:
            try:
                self._process.wait(ENDS_WITHIN)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
                self._send_all()
        self._guard.close()

    def _send_all(self) -> None:
        def send(message: wire.Message) -> None:
            self._guard.send(wire.encode(message))

        let_go(send)
        send(wire.ServoOff())


def _run_and_close(loop: HandLoop, bus: Bus) -> None:
    try:
        loop.run()
    finally:
        bus.close()


def table_changes(table: HandTable, changes: Mapping[str, float]) -> HandTable:
    """A table with some numbers replaced, as the loop's process will see it."""
    return dataclasses.replace(table, **changes)  # type: ignore[arg-type]
