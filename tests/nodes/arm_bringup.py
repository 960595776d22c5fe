"""Node `arm` on the emulated controller box, as processes on a domain of their own, and a test beside them."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import DescribeParameters, SetParameters
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray, String
from std_srvs.srv import SetBool, Trigger
from trajectory_msgs.msg import JointTrajectory

from mvp_real.messages import JointReading, JointTarget
from mvp_real.nodes import conversions
from mvp_real.nodes.quality import COMMAND, LATCHED, SENSOR
from mvp_real.systems.environment import system_environment
from mvp_real.systems.graph import load_system
from mvp_real.systems.process import NodeProcess, resolve

from .bringup import PATIENCE, free_domain

SERVICES: dict[str, Any] = {
    "arm/enable": SetBool,
    "arm/stop": Trigger,
    "arm/home": Trigger,
    "arm/clear_fault": Trigger,
    "arm/set_parameters": SetParameters,
    "arm/describe_parameters": DescribeParameters,
    "emulated_world/set_parameters": SetParameters,
    "emulated_world/reset": Trigger,
}


class ArmBringup:
    """The nodes `arm` and `emulated_world`.

    Attributes:
        readings: Every joint state.
        status: Newest status of the arm; states: its history.
        scene: Newest generalised positions, where the arm really is.
    """

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        domain = free_domain()
        self.environment = system_environment() | {"ROS_DOMAIN_ID": str(domain)}
        pick = random.SystemRandom().randint
        address = f"127.{pick(1, 254)}.{pick(1, 254)}.{pick(2, 254)}"
        system = load_system("pick_fruit")
        values = system.values({"robot": "emulated", "operator": "none", "loopback": address})
        wanted = ("emulated_world", "arm")
        self.nodes: dict[str, NodeProcess] = {
            process.name: process for process in resolve(system, values) if process.name in wanted
        }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        for name in wanted:
            self.start(name)
        os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
        os.environ["FASTDDS_DEFAULT_PROFILES_FILE"] = self.environment["FASTDDS_DEFAULT_PROFILES_FILE"]
        self._context = rclpy.Context()
        rclpy.init(context=self._context, domain_id=domain, signal_handler_options=SignalHandlerOptions.NO)
        node = self.node = rclpy.create_node("tester", namespace="xarm7", context=self._context)
        self.readings: list[JointReading] = []
        self.status: dict[str, Any] = {}
        self.states: list[str] = []
        self.scene: list[float] = []
        self.diagnostics: dict[str, tuple[int, str, dict[str, str]]] = {}
        node.create_subscription(
            JointState, "joint_states", lambda m: self.readings.append(conversions.joint_reading(m)), SENSOR
        )
        node.create_subscription(String, "arm/status", self._on_status, LATCHED)
        node.create_subscription(Float64MultiArray, "scene_state", lambda m: self._on_scene(m), 10)
        node.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)
        self._targets = node.create_publisher(JointTrajectory, "joint_target", COMMAND)
        self._clients = {name: node.create_client(kind, name) for name, kind in SERVICES.items()}
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(node)
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()
        for name, client in self._clients.items():
            self.until(client.service_is_ready, f"{name} is there")
        self.until(lambda: self.readings and self.scene and self.status, "everything is heard")

    # Processes.

    def start(self, name: str) -> None:
        log = (self._logs / f"{name}.log").open("ab")
        self.processes[name] = subprocess.Popen(
            self.nodes[name].argv(),
            env=self.environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def log(self, name: str) -> str:
        return (self._logs / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def close(self) -> dict[str, int]:
        """Interrupt the arm, then the world, and return the exit codes."""
        codes = {}
        for name in ("arm", "emulated_world"):
            process = self.processes[name]
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            try:
                codes[name] = process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                codes[name] = process.wait()
        self._executor.shutdown()
        rclpy.try_shutdown(context=self._context)
        self._thread.join(5)
        return codes

    # What a person does.

    def call(self, name: str, request: Any = None) -> Any:
        replies: list[Any] = []
        request = SERVICES[name].Request() if request is None else request
        self._clients[name].call_async(request).add_done_callback(lambda f: replies.append(f.result()))
        self.until(lambda: replies, f"{name} answers")
        return replies[0]

    def enable(self, on: bool = True) -> Any:
        return self.call("arm/enable", SetBool.Request(data=on))

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

    def until(self, condition: Callable[[], Any], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, (
                f"waited {PATIENCE} s in vain until {what}; {self.__dict__.get('status')}"
            )
            time.sleep(0.02)

    # Topics.

    def _spin(self) -> None:
        with contextlib.suppress(ExternalShutdownException):
            self._executor.spin()

    def _on_status(self, message: String) -> None:
        self.status = json.loads(message.data)
        if not self.states or self.states[-1] != self.status["state"]:
            self.states.append(self.status["state"])

    def _on_scene(self, message: Float64MultiArray) -> None:
        self.scene = list(message.data[2:])

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            values = {value.key: value.value for value in status.values}
            self.diagnostics[status.name] = (int.from_bytes(status.level, "little"), status.message, values)
