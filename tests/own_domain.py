"""A DDS domain on this computer that one test has for itself, with a node of the test in it."""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import rclpy
from rclpy._rclpy_pybind11 import InvalidHandle
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from mvp_real.systems.environment import system_environment


def free_domain() -> int:
    """A random domain, so that runs side by side do not meet."""
    return random.SystemRandom().randint(1, 100)


class OwnDomain:
    """The domain, and a node whose callbacks run in a thread once `listen` was called.

    Args:
        name, namespace: Of the test's node.
        variables: Of the processes' environment, besides those of every system.
        remaps: Names that the test's node uses, to those that the processes have.

    Attributes:
        environment: For the processes of the domain.
        node: The test's own.
    """

    def __init__(
        self,
        name: str,
        namespace: str,
        variables: Mapping[str, str] | None = None,
        remaps: Mapping[str, str] | None = None,
    ) -> None:
        number = free_domain()
        self.environment = {**system_environment(), **(variables or {}), "ROS_DOMAIN_ID": str(number)}
        os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
        os.environ["FASTDDS_DEFAULT_PROFILES_FILE"] = self.environment["FASTDDS_DEFAULT_PROFILES_FILE"]
        self._context = rclpy.Context()
        rclpy.init(context=self._context, domain_id=number, signal_handler_options=SignalHandlerOptions.NO)
        renamed = [part for old, new in (remaps or {}).items() for part in ("-r", f"{old}:={new}")]
        self.node = rclpy.create_node(
            name,
            namespace=namespace,
            context=self._context,
            cli_args=["--ros-args", *renamed] if renamed else None,
        )
        self._executor = SingleThreadedExecutor(context=self._context)
        self._thread = threading.Thread(target=self._spin, daemon=True)

    def launch(
        self, command: Sequence[str], log: Path, before_start: Callable[[], None] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a process of the domain, which appends what it prints to `log`."""
        with log.open("ab") as stream:
            return subprocess.Popen(
                command,
                env=self.environment,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=before_start,
            )

    def listen(self) -> None:
        """Let the test's node spin in a thread; all subscriptions are made."""
        self._executor.add_node(self.node)
        self._thread.start()

    def close(self) -> None:
        """End the node; the processes are their owner's."""
        self._executor.shutdown()
        rclpy.try_shutdown(context=self._context)
        if self._thread.is_alive():
            self._thread.join(5.0)

    def _spin(self) -> None:
        with contextlib.suppress(ExternalShutdownException, InvalidHandle):
            self._executor.spin()
