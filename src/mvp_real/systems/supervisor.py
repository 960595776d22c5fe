"""Runs the processes of a system without `ros2 launch`: output with names, one end for all, no survivors."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import IO

from mvp_real.systems.process import NodeProcess

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
HANDLED_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_COLOURS = (36, 32, 35, 33, 34, 31)


@dataclass(frozen=True)
class Command:
    """What the supervisor needs to know of a process."""

    name: str
    argv: Sequence[str]
    required: bool = True
    ends_system: bool = False
    respawn: bool = False

    @staticmethod
    def of(process: NodeProcess) -> Command:
        """The command of a node."""
        return Command(process.name, process.argv(), process.required, process.ends_system, process.respawn)


@dataclass
class _Running:
    command: Command
    popen: subprocess.Popen[str]
    threads: list[threading.Thread] = field(default_factory=list)
    signalled: int = 0  # the strongest signal sent so far


class Supervisor:
    """Starts commands, each in its own session, and stops all of them when one that matters ends.

    A stop is SIGINT, then SIGTERM, then SIGKILL to the process group, `grace` seconds apart; a further signal
    to the supervisor takes the next step at once.

    Args:
        commands: What to run, in order.
        environment: Environment of the processes.
        grace: Seconds between the steps of a stop.
        respawn_delay: Seconds before a process with `respawn` is started again.
        output: Where prefixed lines go.
    """

    def __init__(
        self,
        commands: Sequence[Command],
        environment: Mapping[str, str] | None = None,
        grace: float = 10.0,
        respawn_delay: float = 1.0,
        output: IO[str] | None = None,
    ) -> None:
        self._commands = list(commands)
        self._environment = environment
        self._grace = grace
        self._respawn_delay = respawn_delay
        self._output = output if output is not None else sys.stdout
        self._colour = self._output.isatty()
        self._width = max(len("mvp_real"), *(len(command.name) for command in commands))
        self._events: queue.SimpleQueue[tuple[str, object]] = queue.SimpleQueue()
        self._running: dict[str, _Running] = {}
        self._write_lock = threading.Lock()
        self._failure = 0

    def run(self) -> int:
        """Run until the system ends.

        Returns:
            0 when a process with `ends_system` ended well; otherwise the code of the first failure (128 +
            signal number for a process that a signal ended), or 128 + the number of the signal that stopped
            the system.
        """
        previous = {number: signal.signal(number, self._on_signal) for number in HANDLED_SIGNALS}
        try:
            for command in self._commands:
                self._start(command)
            code = self._watch()
            self._stop_all()
            return self._failure or code
        finally:
            self._kill_survivors()
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._events.put(("signal", number))

    def _start(self, command: Command) -> None:
        try:
            popen = subprocess.Popen(
                list(command.argv),
                env=None if self._environment is None else dict(self._environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,  # a Ctrl-C in the terminal must reach the nodes once, through us
            )
        except OSError as error:
            self._say(command.name, f"could not be started: {error}")
            self._events.put(("exit", (command, 127)))
            return
        running = _Running(command, popen)
        running.threads = [
            threading.Thread(target=self._forward, args=(running,), daemon=True),
            threading.Thread(target=self._wait, args=(running,), daemon=True),
        ]
        self._running[command.name] = running
        for thread in running.threads:
            thread.start()

    def _forward(self, running: _Running) -> None:
        assert running.popen.stdout is not None
        for line in running.popen.stdout:
            self._say(running.command.name, line.rstrip("\n"))

    def _wait(self, running: _Running) -> None:
        code = running.popen.wait()
        running.threads[0].join(timeout=1.0)  # its last words come before the news of its end
        self._events.put(("exit", (running.command, code)))

    def _watch(self) -> int:
        """Handle events until the system has a reason to end; return its code."""
        while True:
            kind, payload = self._events.get()
            if kind == "signal":
                number = int(payload)  # type: ignore[call-overload]
                self._say("", f"{signal.Signals(number).name}: stopping all nodes")
                return 128 + number
            if kind == "start":
                self._start(payload)  # type: ignore[arg-type]
                continue
            command, code = payload  # type: ignore[misc]
            self._running.pop(command.name, None)
            if command.ends_system and code == 0:
                return 0
            how = _describe(code)
            if command.respawn:
                self._say("", f"node '{command.name}' {how}; starting it again")
                timer = threading.Timer(self._respawn_delay, self._events.put, [("start", command)])
                timer.daemon = True
                timer.start()
            elif command.required:
                self._say("", f"required node '{command.name}' {how}; stopping the others")
                self._failure = _exit_code(code) or 1
                return self._failure
            else:
                self._say("", f"node '{command.name}' {how}")
                self._failure = self._failure or _exit_code(code)
                if not self._running:
                    return self._failure

    def _stop_all(self) -> None:
        for number in STOP_SIGNALS:
            for running in self._running.values():
                self._signal(running, number)
            deadline = time.monotonic() + self._grace
            while self._running and (left := deadline - time.monotonic()) > 0:
                try:
                    kind, payload = self._events.get(timeout=left)
                except queue.Empty:
                    break
                if kind == "signal":
                    break  # the user is impatient: take the next step
                if kind == "exit":
                    command, code = payload  # type: ignore[misc]
                    self._note_end(command, code)
            if not self._running:
                return

    def _note_end(self, command: Command, code: int) -> None:
        running = self._running.pop(command.name, None)
        if running is None or code == 0:
            return
        if code == -signal.SIGINT and running.signalled == signal.SIGINT:
            return  # stopped before it could install its handler
        self._say("", f"node '{command.name}' {_describe(code)} while stopping")
        self._failure = self._failure or _exit_code(code)

    def _signal(self, running: _Running, number: int) -> None:
        running.signalled = number
        try:
            if number == signal.SIGKILL:
                os.killpg(running.popen.pid, number)
            else:
                running.popen.send_signal(number)
        except ProcessLookupError:
            pass

    def _kill_survivors(self) -> None:
        for running in self._running.values():
            if running.popen.poll() is None:
                self._signal(running, signal.SIGKILL)
                running.popen.wait()

    def _say(self, name: str, line: str) -> None:
        prefix = f"[{name or 'mvp_real'}]".ljust(self._width + 2)
        if self._colour:
            names = [command.name for command in self._commands]
            colour = _COLOURS[names.index(name) % len(_COLOURS)] if name in names else 1
            prefix = f"\033[{colour}m{prefix}\033[0m"
        with self._write_lock:
            try:
                self._output.write(f"{prefix} {line}\n")
                self._output.flush()
            except (BrokenPipeError, ValueError):
                pass  # nobody reads any more; the nodes still have to be stopped in order


def _exit_code(code: int) -> int:
    return 128 - code if code < 0 else code


def _describe(code: int) -> str:
    if code < 0:
        try:
            return f"was ended by {signal.Signals(-code).name}"
        except ValueError:
            return f"was ended by signal {-code}"
    return f"exited with code {code}"
