"""Real processes on a domain of their own, and a node of the test beside them."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray

from mvp_real.systems.graph import load_system
from mvp_real.systems.process import executable_path, resolve

from ..own_domain import OwnDomain

PATIENCE = 40.0  # s of wall time; what is asserted are stamps, which do not depend on how busy the machine is


def system_commands(
    name: str, arguments: Mapping[str, str], only: Iterable[str] = ()
) -> dict[str, list[str]]:
    """Command lines of the processes of a system, all or some, by name."""
    system = load_system(name)
    found = {process.name: process.argv() for process in resolve(system, system.values(dict(arguments)))}
    return {part: found[part] for part in only} if only else found


def node_command(executable: str, namespace: str, parameters: Mapping[str, str]) -> list[str]:
    """Command line of one node; `parameters` are YAML."""
    settings = [part for key, value in parameters.items() for part in ("-p", f"{key}:={value}")]
    return [str(executable_path(executable)), "--ros-args", "-r", f"__ns:=/{namespace}", *settings]


class LiveGraph:
    """Starts processes; `listen` once all subscriptions are made.

    Args:
        logs: Folder of `<process>.log`.
        namespace: Of the robot, and of the test's node.
        commands: Command lines by name, in the order in which they are started.
        remaps: Names that the test's node uses, to those that the processes have.
        before_start: Called in each new process before it becomes the command.

    Attributes:
        node: The test's own.
        diagnostics: Newest diagnostics by full node name: (level, message, values).
    """

    def __init__(
        self,
        logs: Path,
        namespace: str,
        commands: Mapping[str, Sequence[str]],
        remaps: Mapping[str, str] | None = None,
        before_start: Callable[[], None] | None = None,
    ) -> None:
        self._domain = OwnDomain("tester", namespace, remaps=remaps)
        self.environment, self.node = self._domain.environment, self._domain.node
        self.logs, self.namespace = logs, namespace
        self._commands, self._before_start = dict(commands), before_start
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        for name in self._commands:
            self.start(name)
        self.diagnostics: dict[str, tuple[int, str, dict[str, str]]] = {}
        self.node.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)

    def listen(self) -> None:
        """Let the test's node spin in a thread."""
        self._domain.listen()

    def start(self, name: str) -> None:
        log = self.logs / f"{name}.log"
        self.processes[name] = self._domain.launch(self._commands[name], log, self._before_start)

    def kill(self, name: str) -> None:
        self.processes[name].kill()
        self.processes[name].wait()

    def log(self, name: str) -> str:
        """What a process has printed."""
        return (self.logs / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def close(self, order: Iterable[str] = ()) -> dict[str, int]:
        """Interrupt every process, all at once or one after another in `order`; returns the exit codes."""
        order = list(order)
        if not order:
            for process in self.processes.values():
                if process.poll() is None:
                    process.send_signal(signal.SIGINT)
        codes = {}
        for name in order or self.processes:
            process = self.processes[name]
            if order and process.poll() is None:
                process.send_signal(signal.SIGINT)
            try:
                codes[name] = process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                codes[name] = process.wait()
        self._domain.close()
        return codes

    def situation(self) -> str:
        """The newest states, for the message of a test that waited in vain."""
        return ""

    def until(self, condition: Callable[[], Any], what: str) -> None:
        """Wait for a condition."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, (
                f"waited {PATIENCE} s in vain until {what}; {self.situation()}"
            )
            time.sleep(0.02)

    def level_of(self, node: str) -> int:
        """Level of a node's diagnostics; -1 before the first."""
        return self.diagnostics.get(f"/{self.namespace}/{node}", (-1, "", {}))[0]

    def values_of(self, node: str) -> dict[str, str]:
        return self.diagnostics.get(f"/{self.namespace}/{node}", (-1, "", {}))[2]

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            values = {value.key: value.value for value in status.values}
            self.diagnostics[status.name] = (int.from_bytes(status.level, "little"), status.message, values)


def wait_until(condition: Callable[[], Any], what: str) -> None:
    """Wait for something outside ROS."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited {PATIENCE} s in vain until {what}"
        time.sleep(0.02)
