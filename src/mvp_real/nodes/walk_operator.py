"""The operator's hands for walking: what a person would do with the robot and its policy."""

from __future__ import annotations

from rcl_interfaces.srv import SetParameters
from rclpy.node import Node
from std_srvs.srv import SetBool, Trigger

from mvp_real.nodes.service_caller import ServiceCaller


class WalkOperator(ServiceCaller):
    """Operator of the simulated Digit and its walking policy."""

    def __init__(self, node: Node) -> None:
        services = {
            "digit_bridge/set_parameters": SetParameters,
            "digit_bridge/enable": SetBool,
            "digit_bridge/stop": Trigger,
            "digit_bridge/home": Trigger,
            "digit_bridge/clear_fault": Trigger,
            "locomotion/engage": SetBool,
            "locomotion/clear_fault": Trigger,
        }
        super().__init__(node, services, "digit_bridge/status", "locomotion/status")

    def prepare(self) -> None:
        """Release what is latched and let the hoist put the robot on its feet: what a person does after looking."""
        self._check("digit_bridge/enable", SetBool.Request(data=False))
        self._check("digit_bridge/clear_fault", Trigger.Request())
        self._check("locomotion/clear_fault", Trigger.Request())
        self._check("digit_bridge/home", Trigger.Request())

    def enable_robot(self, on: bool, timeout: float = 5.0) -> None:
        """Let the driver take commands, or give the robot back to the vendor's controller."""
        self._retry("digit_bridge/enable", SetBool.Request(data=on), timeout)

    def engage(self, timeout: float = 10.0) -> None:
        """Let the policy take the robot; tried again until its inputs arrive and the dead-man switch is held."""
        self._retry("locomotion/engage", SetBool.Request(data=True), timeout)

    def disengage(self) -> None:
        """Let the policy leave the robot."""
        self._check("locomotion/engage", SetBool.Request(data=False))

    def stop(self) -> None:
        """Stop the robot."""
        self._check("digit_bridge/stop", Trigger.Request())
