"""Service calls to other nodes, and waiting for what their status says.

Every call blocks its thread, which must not be the one that spins the node.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from rclpy.node import Node
from std_msgs.msg import String

from mvp_real.errors import MvpRealError
from mvp_real.nodes.quality import LATCHED

SERVICE_TIMEOUT = 30.0  # s of wall time; loading a large encoder takes its time


class Interrupted(Exception):
    """The node is shutting down."""


class ServiceCaller:
    """Calls a robot's and a policy's services by relative names.

    Args:
        node: Owner of the clients.
        services: Type of each service by its name.
        robot: Topic of the driver's status.
        policy: Topic of the policy's status.

    Attributes:
        robot: Newest status of the driver, empty before the first.
        policy: Newest status of the policy, empty before the first.
    """

    def __init__(self, node: Node, services: Mapping[str, Any], robot: str, policy: str) -> None:
        self._node = node
        self._condition = threading.Condition()
        self._closing = False
        self.robot: dict[str, Any] = {}
        self.policy: dict[str, Any] = {}
        self._clients = {name: node.create_client(kind, name) for name, kind in services.items()}
        node.create_subscription(String, robot, self._on_robot, LATCHED)
        node.create_subscription(String, policy, self._on_policy, LATCHED)

    def close(self) -> None:
        """Let every waiting call raise `Interrupted`."""
        with self._condition:
            self._closing = True
            self._condition.notify_all()

    def wait(self, condition: Callable[[], bool], timeout: float) -> bool:
        """Wait until `condition()` holds; it is looked at after each status and reply, and ten times a
        second.

        Returns:
            False when `timeout` seconds of wall time passed first.

        Raises:
            Interrupted: The node shuts down.
        """
        deadline = time.monotonic() + timeout
        with self._condition:
            while not condition():
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._condition.wait(min(left, 0.1))
                if self._closing:
                    raise Interrupted
        return True

    def wait_for_nodes(self, timeout: float) -> None:
        """Wait until every service is there.

        Raises:
            MvpRealError: The missing ones are named.
        """

        def missing() -> list[str]:
            return [name for name, client in self._clients.items() if not client.service_is_ready()]

        if not self.wait(lambda: not missing(), timeout):
            nodes = sorted({name.split("/")[0] for name in missing()})
            raise MvpRealError(f"no answer from {', '.join(nodes)} within {timeout:.0f} s; is it running?")

    def _on_robot(self, message: String) -> None:
        with self._condition:
            self.robot = json.loads(message.data)
            self._condition.notify_all()

    def _on_policy(self, message: String) -> None:
        with self._condition:
            self.policy = json.loads(message.data)
            self._condition.notify_all()

    def _call(self, name: str, request: Any) -> Any:
        replies: list[Any] = []

        def done(future: Any) -> None:
            with self._condition:
                replies.append(future.result())
                self._condition.notify_all()

        self._clients[name].call_async(request).add_done_callback(done)
        if not self.wait(lambda: bool(replies), SERVICE_TIMEOUT):
            raise MvpRealError(f"service '{name}' gave no answer within {SERVICE_TIMEOUT:.0f} s")
        return replies[0]

    def _check(self, name: str, request: Any) -> Any:
        reply = self._call(name, request)
        if not reply.success:
            raise MvpRealError(f"'{name}' refused: {reply.message}")
        return reply

    def _retry(self, name: str, request: Any, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while True:
            reply = self._call(name, request)
            if reply.success:
                return
            if time.monotonic() > deadline:
                raise MvpRealError(f"'{name}' refused for {timeout:.0f} s: {reply.message}")
            self.wait(lambda: False, 0.05)

    def set_text(self, node: str, name: str, text: str) -> None:
        """Set a text parameter of a node.

        Raises:
            MvpRealError: The node vetoed it; the reason is in the message.
        """
        value = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=text)
        request = SetParameters.Request(parameters=[Parameter(name=name, value=value)])
        result = self._call(f"{node}/set_parameters", request).results[0]
        if not result.successful:
            raise MvpRealError(f"'{node}' refused {name}: {result.reason}")
