"""The operator's hands for picking fruit: what a person would do with robot, encoder and controller."""

from __future__ import annotations

import json
from typing import Any

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rcl_interfaces.srv import SetParameters
from rclpy.node import Node
from std_srvs.srv import SetBool, Trigger

from mvp_real.errors import MvpRealError
from mvp_real.nodes.service_caller import ServiceCaller

POLICY_NODES = ("encoder", "controller")
RESTART = (
    Transition.TRANSITION_DEACTIVATE,
    Transition.TRANSITION_CLEANUP,
    Transition.TRANSITION_CONFIGURE,
    Transition.TRANSITION_ACTIVATE,
)


class Operator(ServiceCaller):
    """Operator of the simulated arm and its policy."""

    def __init__(self, node: Node) -> None:
        services = {
            "sim_bridge/set_parameters": SetParameters,
            "sim_bridge/reset": Trigger,
            "sim_bridge/enable": SetBool,
            "sim_bridge/clear_fault": Trigger,
            "controller/enable": SetBool,
            **{f"{policy}/set_parameters": SetParameters for policy in POLICY_NODES},
            **{f"{policy}/change_state": ChangeState for policy in POLICY_NODES},
        }
        super().__init__(node, services, "sim_bridge/status", "controller/status")

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
