"""The `main` of every node: start, spin, and a clean end on signals or the supervisor's death."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any, Protocol

from mvp_real.errors import MvpRealError, require
from mvp_real.nodes.message_memory import keep_memory
from mvp_real.parent import end_with_parent

END_SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


class RunnableNode(Protocol):
    """What `run_node` needs beyond an rclpy node."""

    exit_code: int | None

    def start(self) -> None:
        """Begin to work; may raise MvpRealError."""

    def shut_down(self) -> None:
        """Leave everything safe; called once, whatever ended the node, while it can still publish."""


def run_node(factory: Callable[[], Any]) -> int:
    """Create a node, spin it until it sets `exit_code` or a signal comes, and return its exit code.

    Returns:
        The node's own code; 0 after a signal; 2 after an error that the user can act on.
    """
    if os.environ.get("MVP_REAL_SUPERVISED"):
        end_with_parent()
    keep_memory()
    waiter = _SignalWaiter()
    try:
        rclpy = require("rclpy", "ros")
        from rclpy.executors import SingleThreadedExecutor
        from rclpy.signals import SignalHandlerOptions

        # rclpy's own handlers would end the context at once, and nothing could be told to the others any
        # more.
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
        executor = SingleThreadedExecutor()
        node = factory()
        executor.add_node(node)
        try:
            node.start()
            waiter.wake = executor.wake
            while node.exit_code is None and not waiter.ended:
                executor.spin_once()
            return node.exit_code or 0
        finally:
            node.shut_down()
            rclpy.try_shutdown()
    except MvpRealError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return 2


class _SignalWaiter:
    """Turns signals into a flag that the spinning loop sees.

    A Python signal handler would have to wait until the executor comes back from C, and would interrupt
    callbacks anywhere; a thread that waits for the signals does neither. Before the node spins nothing
    moves, and a signal ends the process at once.
    """

    def __init__(self) -> None:
        self.ended = False
        self.wake: Callable[[], None] | None = None
        signal.pthread_sigmask(signal.SIG_BLOCK, END_SIGNALS)
        for number in END_SIGNALS:  # some libraries unblock signals behind our back (multiprocessing does)
            signal.signal(number, lambda *_: self._end())
        threading.Thread(target=self._wait, name="signals", daemon=True).start()

    def _wait(self) -> None:
        signal.sigwait(END_SIGNALS)
        self._end()

    def _end(self) -> None:
        self.ended = True
        if self.wake is None:
            os._exit(0)
        self.wake()
