"""The operator's hands: service calls to the other nodes, and waiting for what their status says.

Every call blocks its thread, which must not be the one that spins the node.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from rclpy.node import Node
from std_msgs.msg import String
from std_srvs.srv import SetBool, Trigger

from mvp_real.errors import MvpRealError
from mvp_real.nodes.quality import LATCHED

SERVICE_TIMEOUT = 30.0  # s of wall time; loading a large encoder takes its time
POLICY_NODES = ("encoder", "controller")
RESTART = (
    Transition.TRANSITION_DEACTIVATE,
    Transition.TRANSITION_CLEANUP,
    Transition.TRANSITION_CONFIGURE,
    Transition.TRANSITION_ACTIVATE,
)


class Interrupted(Exception):
    """The node is shutting down."""


class Operator:
    """Calls the robot's and the policy's services by relative names.

    Attributes:
        robot: Newest status of the driver, empty before the first.
        policy: Newest status of the controller, empty before the first.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._condition = threading.Condition()
        self._closing = False
        self.robot: dict[str, Any] = {}
        self.policy: dict[str, Any] = {}
        self._clients = {
            name: node.create_client(kind, name)
            for name, kind in {
                "sim_bridge/set_parameters": SetParameters,
                "sim_bridge/reset": Trigger,
                "sim_bridge/enable": SetBool,
                "sim_bridge/clear_fault": Trigger,
                "controller/enable": SetBool,
                **{f"{policy}/set_parameters": SetParameters for policy in POLICY_NODES},
                **{f"{policy}/change_state": ChangeState for policy in POLICY_NODES},
            }.items()
        }
        node.create_subscription(String, "sim_bridge/status", self._on_robot, LATCHED)
        node.create_subscription(String, "controller/status", self._on_policy, LATCHED)

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

    def enable_policy(self, on: bool, timeout: float = 10.0) -> None:
        """Arm or disarm the controller; arming is tried again until its inputs arrive."""
        self._retry("controller/enable", SetBool.Request(data=on), timeout)

    def enable_robot(self, on: bool, timeout: float = 5.0) -> None:
        """Allow or forbid motion."""
        self._retry("sim_bridge/enable", SetBool.Request(data=on), timeout)

    def clear_fault(self) -> None:
        """Release a latched stop: what a person does after looking at the robot."""
        self._check("sim_bridge/clear_fault", Trigger.Request())

    def reset(self, setup: dict[str, Any], bundle: str) -> int:
        """Set up an episode in the simulator.

        Returns:
            Number of the episode, which its status carries.
        """
        self.set_text("sim_bridge", "episode", json.dumps({"setup": setup, "bundle": bundle}))
        return int(json.loads(self._check("sim_bridge/reset", Trigger.Request()).message)["episode"])

    def load_bundle(self, bundle: str) -> None:
        """Make encoder and controller load another bundle.

        Raises:
            MvpRealError: A node refused; its log says why.
        """
        for node in POLICY_NODES:
            self.set_text(node, "bundle", bundle)
            for transition in RESTART:
                request = ChangeState.Request(transition=Transition(id=transition))
                if not self._call(f"{node}/change_state", request).success:
                    raise MvpRealError(f"node '{node}' could not load bundle '{bundle}'; its log says why")

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
