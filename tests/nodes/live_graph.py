"""Real processes on a domain of their own, and a node of the test beside them."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy._rclpy_pybind11 import InvalidHandle
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from mvp_real.systems.environment import system_environment
from mvp_real.systems.graph import load_system
from mvp_real.systems.process import executable_path, resolve

PATIENCE = 40.0  # s of wall time; what is asserted are stamps, which do not depend on how busy the machine is


def free_domain() -> int:
    """A random domain, so that runs side by side do not meet."""
    return random.SystemRandom().randint(1, 100)


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
        self.domain = free_domain()
        self.environment = system_environment() | {"ROS_DOMAIN_ID": str(self.domain)}
        os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
        os.environ["FASTDDS_DEFAULT_PROFILES_FILE"] = self.environment["FASTDDS_DEFAULT_PROFILES_FILE"]
        self.logs, self.namespace = logs, namespace
        self._commands, self._before_start = dict(commands), before_start
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        for name in self._commands:
            self.start(name)
        self._context = rclpy.Context()
        rclpy.init(
            context=self._context, domain_id=self.domain, signal_handler_options=SignalHandlerOptions.NO
        )
        renamed = [part for old, new in (remaps or {}).items() for part in ("-r", f"{old}:={new}")]
        self.node = rclpy.create_node(
            "tester",
            namespace=namespace,
            context=self._context,
            cli_args=["--ros-args", *renamed] if renamed else None,
        )
        self.diagnostics: dict[str, tuple[int, str, dict[str, str]]] = {}
        self.node.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._thread = threading.Thread(target=self._spin, daemon=True)

    def listen(self) -> None:
        """Let the test's node spin in a thread."""
        self._executor.add_node(self.node)
        self._thread.start()

    def start(self, name: str) -> None:
        with (self.logs / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                self._commands[name],
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=self._before_start,
            )

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
        self._executor.shutdown()
        rclpy.try_shutdown(context=self._context)
        if self._thread.is_alive():
            self._thread.join(5)
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

    def _spin(self) -> None:
        with contextlib.suppress(ExternalShutdownException, InvalidHandle):
            self._executor.spin()

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
