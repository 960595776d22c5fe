"""The driver node's side of the servo process: starts it, talks to it, and looks like any robot to the node."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np

from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray, PdCommand
from mvp_real.robots.digit import load_digit
from mvp_real.robots.digit_limiter import DigitVerdict
from mvp_real.robots.digit_link.channel import Channel, ChannelClosed
from mvp_real.robots.digit_link.measurement import Measurement
from mvp_real.robots.digit_link.servo_loop import ServoSettings
from mvp_real.robots.verdict import LATCHED, DriverState

START_TIMEOUT = 20.0  # s of wall time; Python and numpy load slowly on a busy computer
ANSWER_TIMEOUT = 2.0  # s of wall time
STOP_TIMEOUT = 0.5  # s of wall time in which a stop is to be confirmed
END_TIMEOUT = 3.0  # s of wall time


class ServoProcess:
    """The robot, as far as the node is concerned. Callbacks come from a thread of its own.

    Args:
        settings: How the loop runs.
        measured: Called with each measurement that is reported, 200 times a second.
        changed: Called with the state before it whenever the state or the reason has changed by itself.
        ended: Called when the process has ended without having been asked to.

    Attributes:
        diagnostics: Newest diagnostics of the loop.
        now: Newest time of the driver's clock, s.
        warning: Why the loop has no real-time priority; empty if it has.

    Raises:
        MvpRealError: It could not be started; the message says why.
    """

    def __init__(
        self,
        settings: ServoSettings,
        measured: Callable[[Measurement], None],
        changed: Callable[[DriverState], None],
        ended: Callable[[str], None],
    ) -> None:
        table = load_digit()
        self._names = (*table.motors, *table.joints)
        self._measured, self._changed, self._ended = measured, changed, ended
        self.diagnostics: dict[str, str] = {}
        self.now = 0.0
        self._state, self._reason = DriverState.DISABLED, "not enabled yet"
        self._answers: dict[int, dict[str, Any]] = {}
        self._answered = threading.Condition()
        self._number = 0
        self._closing = False
        self._end = "the servo process has ended"
        mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        module = "mvp_real.robots.digit_link.servo_process"
        command = [sys.executable, "-m", module, str(theirs.fileno()), json.dumps(asdict(settings))]
        self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        theirs.close()
        self._channel = Channel(mine)
        self.warning = self._first_word(mine)
        self._thread = threading.Thread(target=self._read, name="servo reports", daemon=True)

    def start(self) -> None:
        """Begin to call back."""
        self._thread.start()

    # What the node's services need (`driver_services.Arm`).

    @property
    def state(self) -> DriverState:
        """State of the driver."""
        return self._state

    @property
    def reason(self) -> str:
        """Why it is not running."""
        return self._reason

    def enable(self) -> DigitVerdict:
        """Wait for commands."""
        return self._ask("enable")

    def disable(self) -> None:
        """Give the robot back to the vendor's controller."""
        self._ask("disable")

    def stop(self, reason: str) -> None:
        """Damp and latch.

        A loop that does not confirm it is killed: then the robot hears nothing any more and damps by itself.
        """
        if self._ask("stop", reason, STOP_TIMEOUT).state not in LATCHED:
            self._end = f"{reason}; the servo process did not confirm it and was killed"
            self._process.kill()
            self._process.wait()
            self._state, self._reason = DriverState.STOPPED, self._end

    def home(self) -> DigitVerdict:
        """Ask the vendor's controller to stand."""
        return self._ask("home")

    def clear_fault(self) -> DigitVerdict:
        """Release a latched stop."""
        return self._ask("clear_fault")

    # What the policy says.

    def command(self, command: PdCommand) -> None:
        """Hand in a command; what became of it is in the diagnostics."""
        values = np.concatenate([command.position, command.kp, command.kd])
        self._tell({"kind": "command", "stamp": command.stamp}, values)

    def refuse(self, reason: str) -> None:
        """A message came that is no command."""
        self._tell({"kind": "refuse", "reason": reason})

    def leave(self) -> None:
        """The policy gives the robot up."""
        self._tell({"kind": "leave"})

    def close(self) -> None:
        """End the process: it damps if the robot is still ours."""
        self._closing = True
        self._channel.close()
        try:
            self._process.wait(END_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    # Inside.

    def _first_word(self, end: socket.socket) -> str:
        end.settimeout(START_TIMEOUT)
        try:
            word = self._channel.receive(wait=True)
        except (ChannelClosed, TimeoutError) as error:
            self._process.kill()
            self._process.wait()
            raise MvpRealError(
                "the servo process of Digit's driver did not start; see the log above"
            ) from error
        end.settimeout(None)
        assert word is not None
        header = word[0]
        if header["kind"] == "failed":
            self._process.wait()
            raise MvpRealError(header["reason"])
        return str(header["warning"])

    def _ask(self, kind: str, reason: str = "", within: float = ANSWER_TIMEOUT) -> DigitVerdict:
        with self._answered:
            self._number += 1
            number = self._number
            self._tell({"kind": kind, "reason": reason, "number": number})
            if not self._answered.wait_for(lambda: number in self._answers, within):
                return DigitVerdict(self._state, "the servo process gives no answer")
            answer = self._answers.pop(number)
        return DigitVerdict(DriverState(answer["state"]), answer["verdict"])

    def _tell(self, header: dict[str, Any], values: FloatArray | None = None) -> None:
        try:
            self._channel.send(header, np.zeros(0) if values is None else values)
        except ChannelClosed:
            self._state, self._reason = DriverState.STOPPED, self._end

    def _read(self) -> None:
        try:
            while True:
                word = self._channel.receive(wait=True)
                newest: FloatArray | None = None
                while word is not None:  # a slow node publishes the newest and never lags behind
                    if self._take(*word):
                        newest = word[1]
                    word = self._channel.receive()
                if newest is not None:
                    self._measured(Measurement.decode(newest, self._names))
        except ChannelClosed:
            if not self._closing:
                before = self._state
                self._state, self._reason = DriverState.STOPPED, self._end
                self._changed(before)
                self._ended(self._reason)

    def _take(self, header: dict[str, Any], values: FloatArray) -> bool:
        """Take a message; whether it holds a measurement."""
        if header["kind"] == "answer":
            with self._answered:
                # Here and not by who asked, so that the next report finds nothing new.
                self._state, self._reason = DriverState(header["state"]), header["reason"]
                self._answers[header["number"]] = header
                self._answered.notify_all()
            return False
        self.now = float(header["now"])
        self.diagnostics = header.get("diagnostics", self.diagnostics)
        before, told = self._state, (DriverState(header["state"]), header["reason"])
        if told != (self._state, self._reason):
            self._state, self._reason = told
            self._changed(before)
        return bool(header["fresh"])
