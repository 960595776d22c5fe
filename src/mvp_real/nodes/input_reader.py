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
    """Reads a descriptor in its own thread until it ends or `close`.

    Args:
        descriptor: Closed by `close`.
        take: Called with what was read, in the reader's thread.
        end: Called when there is no more to come.
        restore: Called by `close` before the descriptor is closed.
    """

    def __init__(
        self,
        descriptor: int,
        take: Callable[[bytes], None],
        end: Callable[[], None],
        restore: Callable[[], None] = lambda: None,
    ) -> None:
        self._descriptor, self._take, self._end, self._restore = descriptor, take, end, restore
        self._closed = False
        self._wake_read, self._wake_write = os.pipe()
        self._thread = threading.Thread(target=self._read, name="input", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop reading; may be called twice."""
        if self._closed:
            return
        self._closed = True
        os.write(self._wake_write, b"x")
        self._thread.join(1.0)
        self._restore()
        if not self._thread.is_alive():
            for descriptor in (self._descriptor, self._wake_read, self._wake_write):
                os.close(descriptor)

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


def read_keys(command: str, take: Callable[[bytes], None], end: Callable[[], None]) -> Reader:
    """Read the terminal, which gives keys at once and without an echo until the reader is closed.

    Args:
        command: What starts the node in a terminal of its own, for the message.
        take, end: See `Reader`.

    Raises:
        MvpRealError: There is no terminal.
    """
    descriptor = _open_terminal(command)
    before: list[Any] = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor)
    return Reader(descriptor, take, end, lambda: termios.tcsetattr(descriptor, termios.TCSADRAIN, before))


def read_gamepad(path: str, take: Callable[[bytes], None], end: Callable[[], None]) -> Reader:
    """Read a gamepad's device file.

    Raises:
        MvpRealError: It cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError as error:
        raise MvpRealError(f"gamepad '{path}' cannot be read: {error.strerror}; is it plugged in?") from error
    return Reader(descriptor, take, end)


def _open_terminal(command: str) -> int:
    path = os.environ.get(TERMINAL_VARIABLE, "")
    if sys.stdin.isatty():
        return os.dup(sys.stdin.fileno())
    if not path:
        raise MvpRealError(
            f"the keyboard needs a terminal; start from one, or run in a second one: {command}"
        )
    try:
        # Not as the controlling terminal: Ctrl-C belongs to the supervisor.
        return os.open(path, os.O_RDONLY | os.O_NOCTTY)
    except OSError as error:
        raise MvpRealError(f"terminal '{path}' cannot be read: {error.strerror}") from error
