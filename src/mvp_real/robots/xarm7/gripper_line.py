"""The gripper, over a connection and in a thread of its own, so that its slow serial line never delays the arm."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any

from mvp_real.robots.xarm7.sdk import open_api

OPEN = 850  # pulses of a fully open gripper; 0 is closed
SPEED = 5000  # the gripper's largest
PERIOD = 0.02  # s between two looks at its position
SILENT = 1.0  # s without a position after which it counts as lost
TRIES = 3  # of one command, before its failure is reported


class GripperLine:
    """Follows a wanted opening and knows the measured one.

    Args:
        address: IPv4 address of the box.
        port: Of its control protocol.
        reply_within: Longest wait for an answer, s.
    """

    def __init__(self, address: str, port: int, reply_within: float) -> None:
        self._address, self._port, self._reply_within = address, port, reply_within
        self._api: Any = None
        self._wanted: float | None = None
        self._sent: float | None = None
        self._opening: float | None = None
        self._measured_at = 0.0
        self._fault = ""  # of the newest look at its position
        self._refused = ""  # why the newest command was not carried out
        self._switch_on = False
        self._wake = threading.Event()
        self._ended = True
        self._thread: threading.Thread | None = None

    @property
    def opening(self) -> float | None:
        """Measured opening fraction; None before the first."""
        return self._opening

    def fault(self, now: float) -> str:
        """Why the gripper cannot be relied on; empty if it can. `now` is monotonic time, s."""
        if self._refused:
            return self._refused
        if self._opening is None:
            return self._fault or "no position of the gripper yet"
        silence = now - self._measured_at
        if silence <= SILENT:
            return ""
        return self._fault or f"no position of the gripper for {silence:.1f} s"

    def open(self) -> None:
        """Connect, switch the gripper on and begin to ask for its position.

        Raises:
            Exception: The SDK's own, if nobody answers.
        """
        self.close()
        self._opening, self._wanted, self._sent = None, None, None
        self._fault = self._refused = ""
        self._switch_on = True
        self._api = open_api(self._address, self._port, self._reply_within, reports=False)
        self._ended = False
        self._thread = threading.Thread(target=self._work, name="gripper", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Leave; the gripper keeps what it holds."""
        self._ended = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(3.0)
            self._thread = None
        api, self._api = self._api, None
        if api is not None:
            with contextlib.suppress(Exception):
                api.disconnect()

    def go(self, opening: float) -> None:
        """Want an opening fraction; returns at once, and may be repeated as often as one likes."""
        if opening != self._wanted:
            self._wanted = opening
            self._wake.set()

    def forget(self) -> None:
        """Want nothing: the fingers keep what they hold until the next `go`."""
        self._wanted = self._sent = None

    def switch_on(self) -> None:
        """Clear its error and switch it on again, as after a loss of power; it wants nothing then."""
        self.forget()
        self._refused = ""
        self._switch_on = True
        self._wake.set()

    def _work(self) -> None:
        while not self._ended:
            wanted = self._wanted
            if self._switch_on:
                self._switch_on = False
                self._enable()
            elif wanted is not None and wanted != self._sent and not self._refused:
                self._command(wanted)
            self._measure()
            self._wake.wait(PERIOD)
            self._wake.clear()

    def _enable(self) -> None:
        api = self._api
        steps: dict[str, Callable[[], int]] = {
            "clear": lambda: api.clean_gripper_error(),
            "enable": lambda: api.set_gripper_enable(True),
            "mode": lambda: api.set_gripper_mode(0),
            "speed": lambda: api.set_gripper_speed(SPEED),
        }
        for what, step in steps.items():
            self._do(what, step)
            self._measure()

    def _command(self, opening: float) -> None:
        pulses = round(OPEN * min(max(opening, 0.0), 1.0))
        # Without `wait_motion=False` it would block until the arm stands still.
        self._do("move", lambda: self._api.set_gripper_position(pulses, wait=False, wait_motion=False))
        if not self._refused:
            self._sent = opening

    def _measure(self) -> None:
        try:
            answer = self._api.get_gripper_position()
        except Exception as error:  # a corrupted answer may break anything inside the SDK
            self._fault = f"gripper: {error}"
            return
        # With an error in the gripper the SDK gives back a bare number instead of a pair.
        code, pulses = answer if isinstance(answer, tuple) else (answer, None)
        if code or pulses is None or not -0.1 * OPEN <= pulses <= 1.1 * OPEN:
            self._fault = self._error() or f"gripper position: code {code}, {pulses}"
            return
        self._opening = min(max(pulses / OPEN, 0.0), 1.0)
        self._measured_at = time.monotonic()

    def _do(self, what: str, step: Callable[[], int]) -> None:
        if self._refused:
            return
        failure = ""
        for _ in range(TRIES):
            try:
                code = step()
            except Exception as error:
                failure = str(error)
                continue
            if not code:
                return
            failure = self._error() or f"code {code}"
        self._refused = f"gripper could not {what}: {failure}"

    def _error(self) -> str:
        """The gripper's own error, or empty."""
        try:
            code, number = self._api.get_gripper_err_code()
        except Exception:  # what it broke on is already the news
            return ""
        return f"gripper error {number}" if code == 0 and number else ""
