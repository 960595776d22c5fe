"""Node `arm` on the emulated controller box, and a test that plays policy and operator."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path
from typing import Any

import numpy as np
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import DescribeParameters, SetParameters
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray, String
from std_srvs.srv import SetBool, Trigger
from trajectory_msgs.msg import JointTrajectory

from mvp_real.messages import JointReading, JointTarget
from mvp_real.nodes import conversions
from mvp_real.nodes.quality import COMMAND, LATCHED, SENSOR

from .live_graph import LiveGraph, system_commands

SERVICES: dict[str, Any] = {
    "arm/enable": SetBool,
    "arm/stop": Trigger,
    "arm/home": Trigger,
    "arm/clear_fault": Trigger,
    "arm/teach": SetBool,
    "arm/change_state": ChangeState,
    "arm/set_parameters": SetParameters,
    "arm/describe_parameters": DescribeParameters,
    "emulated_world/set_parameters": SetParameters,
    "emulated_world/reset": Trigger,
}


class ArmBringup(LiveGraph):
    """The nodes `arm` and `emulated_world`.

    Attributes:
        readings: Every joint state.
        status: Newest status of the arm; states: its history.
        command: Command line of the arm.
        scene: Newest generalised positions, where the arm really is.
    """

    def __init__(self, logs: Path) -> None:
        pick = random.SystemRandom().randint
        address = f"127.{pick(1, 254)}.{pick(1, 254)}.{pick(2, 254)}"
        arguments = {"robot": "emulated", "operator": "none", "loopback": address}
        commands = system_commands("pick_fruit", arguments, ("emulated_world", "arm"))
        super().__init__(logs, "xarm7", commands)
        self.command = commands["arm"]
        node = self.node
        self.readings: list[JointReading] = []
        self.status: dict[str, Any] = {}
        self.states: list[str] = []
        self.scene: list[float] = []
        node.create_subscription(
            JointState, "joint_states", lambda m: self.readings.append(conversions.joint_reading(m)), SENSOR
        )
        node.create_subscription(String, "arm/status", self._on_status, LATCHED)
        node.create_subscription(Float64MultiArray, "scene_state", lambda m: self._on_scene(m), 10)
        self._targets = node.create_publisher(JointTrajectory, "joint_target", COMMAND)
        self._clients = {name: node.create_client(kind, name) for name, kind in SERVICES.items()}
        self.listen()
        for name, client in self._clients.items():
            self.until(client.service_is_ready, f"{name} is there")
        self.until(lambda: self.readings and self.scene and self.status, "everything is heard")

    def close(self, order: Any = ("arm", "emulated_world")) -> dict[str, int]:
        """Interrupt the arm, then the world, and return the exit codes."""
        return super().close(order)

    # What a person does.

    def call(self, name: str, request: Any = None) -> Any:
        replies: list[Any] = []
        request = SERVICES[name].Request() if request is None else request
        self._clients[name].call_async(request).add_done_callback(lambda f: replies.append(f.result()))
        self.until(lambda: replies, f"{name} answers")
        return replies[0]

    def enable(self, on: bool = True) -> Any:
        return self.call("arm/enable", SetBool.Request(data=on))

    def change(self, transition: int) -> bool:
        """Ask the arm's node for a transition of its life cycle; whether it took place."""
        request = ChangeState.Request(transition=Transition(id=transition))
        return bool(self.call("arm/change_state", request).success)

    def set_text(self, node: str, name: str, text: str) -> tuple[bool, str]:
        value = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=text)
        request = SetParameters.Request(parameters=[Parameter(name=name, value=value)])
        result = self.call(f"{node}/set_parameters", request).results[0]
        return result.successful, result.reason

    def idle(self) -> None:
        """No fault, disabled."""
        self.set_text("emulated_world", "fault", "")
        self.enable(False)
        self.until(lambda: self.call("arm/clear_fault").success, "the fault is cleared")
        self.until(lambda: self.state == "disabled", "the arm is disabled")
        self.states.clear()
        self.readings.clear()
        self.until(lambda: self.readings, "a fresh reading")

    @property
    def state(self) -> str:
        return str(self.status.get("state"))

    @property
    def true(self) -> np.ndarray:
        """(7,) where the arm really is, at most 0.1 s ago."""
        return np.array(self.scene[:7])

    def target(self, joint: int, by: float) -> None:
        """Publish a target `by` rad from the newest reading."""
        reading = self.readings[-1]
        position = reading.position.copy()
        position[joint] += by
        self._targets.publish(
            conversions.target_message(JointTarget(reading.names, position, reading.stamp, 0.2))
        )

    def turn(self, ticks: int, by: float = 0.04) -> None:
        """A policy that turns the last joint for some control periods."""
        for _ in range(ticks):
            self.target(6, by)
            time.sleep(0.2)

    def situation(self) -> str:
        return str(self.__dict__.get("status"))

    # Topics.

    def _on_status(self, message: String) -> None:
        self.status = json.loads(message.data)
        if not self.states or self.states[-1] != self.status["state"]:
            self.states.append(self.status["state"])

    def _on_scene(self, message: Float64MultiArray) -> None:
        self.scene = list(message.data[2:])
