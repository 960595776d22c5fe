"""Keys and gamepad events as they come, from a terminal or a device file, in a thread of their own."""

from __future__ import annotations

import os
import select
import sys
import termios
import threading
import tty
from collections.abc import Callable
from typing import Any

from mvp_real.errors import MvpRealError

# The supervisor's terminal, whose keys its nodes do not get by themselves.
TERMINAL_VARIABLE = "MVP_REAL_TERMINAL"


class Reader:
    """Reads a descriptor in its own thread until it ends or `close`."""

    def __init__(self, descriptor: int, take: Callable[[bytes], None], end: Callable[[], None]) -> None:
        self._descriptor, self._take, self._end = descriptor, take, end
        self._wake_read, self._wake_write = os.pipe()
        self._thread = threading.Thread(target=self._read, name="input", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop reading."""
        os.write(self._wake_write, b"x")
        self._thread.join(1.0)

    def _read(self) -> None:
        while True:
            ready, _, _ = select.select([self._descriptor, self._wake_read], [], [])
            if self._wake_read in ready:
                return
            try:
                data = os.read(self._descriptor, 256)
            except OSError:
                data = b""
            if not data:
                self._end()
                return
            self._take(data)


class Terminal:
    """The terminal, giving keys at once and without an echo until it is closed.

    Args:
        command: What starts the node in a terminal of its own, for the message.

    Raises:
        MvpRealError: There is none.
    """

    def __init__(self, command: str) -> None:
        path = os.environ.get(TERMINAL_VARIABLE, "")
        if sys.stdin.isatty():
            self.descriptor = os.dup(sys.stdin.fileno())
        elif path:
            try:
                # Not as the controlling terminal: Ctrl-C belongs to the supervisor.
                self.descriptor = os.open(path, os.O_RDONLY | os.O_NOCTTY)
            except OSError as error:
                raise MvpRealError(f"terminal '{path}' cannot be read: {error.strerror}") from error
        else:
            raise MvpRealError(
                f"the keyboard needs a terminal; start from one, or run in a second one: {command}"
            )
        self._before: list[Any] = termios.tcgetattr(self.descriptor)
        tty.setcbreak(self.descriptor)

    def close(self) -> None:
        """Leave the terminal as it was."""
        termios.tcsetattr(self.descriptor, termios.TCSADRAIN, self._before)


def open_gamepad(path: str) -> int:
    """Descriptor of a gamepad's device file.

    Raises:
        MvpRealError: It cannot be read.
    """
    try:
        return os.open(path, os.O_RDONLY)
    except OSError as error:
        raise MvpRealError(f"gamepad '{path}' cannot be read: {error.strerror}; is it plugged in?") from error
