"""The emulated controller box as a child process of a node."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Any

from mvp_real.errors import MvpRealError
from mvp_real.nodes.runner import END_SIGNALS
from mvp_real.parent import end_with_parent

END_WITHIN = 5.0  # s


class EmulatorProcess:
    """Runs `mvp_real emulate xarm7` and ends with this process.

    Args:
        options: Its command line.
        ready_within: Longest wait for its addresses, s.

    Attributes:
        addresses: What it printed when it began to serve.

    Raises:
        MvpRealError: It ended, or said nothing in time; its own words are in this process's output.
    """

    def __init__(self, options: Sequence[str], ready_within: float) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "mvp_real.emulators.xarm7.command", *options],
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=_begin,
        )
        lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._read, args=(lines,), name="emulator output", daemon=True).start()
        try:
            self.addresses: dict[str, Any] = json.loads(lines.get(timeout=ready_within))
        except (queue.Empty, ValueError) as error:
            self.close()
            raise MvpRealError(
                f"the emulated controller box did not start ({' '.join(options)}); it ended with code "
                f"{self._process.returncode}"
            ) from error

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def close(self) -> None:
        """End it."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(END_WITHIN)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._process.wait()

    def _read(self, lines: queue.SimpleQueue[str]) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            lines.put(line)
        lines.put("")  # nobody shall wait for one that has ended


def _begin() -> None:
    end_with_parent()
    # A node holds its signals back, and children inherit that.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, END_SIGNALS)
