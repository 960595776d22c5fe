"""The system `allegro` as real processes, on a domain and a bus of its own, and a test that plays the operator."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.srv import SetParameters
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import JointState
from std_srvs.srv import SetBool, Trigger
from trajectory_msgs.msg import JointTrajectory

from mvp_real.messages import FloatArray, JointReading, JointTarget
from mvp_real.nodes import conversions
from mvp_real.nodes.quality import COMMAND, SENSOR
from mvp_real.nodes.service_caller import ServiceCaller
from mvp_real.systems.environment import system_environment
from mvp_real.systems.graph import load_system
from mvp_real.systems.process import NodeProcess, resolve
from tests.nodes.bringup import free_domain
from tests.robots.allegro.hand_bench import PATIENCE, Ear, free_channel

SERVICES = {
    "hand/enable": SetBool,
    "hand/stop": Trigger,
    "hand/home": Trigger,
    "hand/clear_fault": Trigger,
    "hand_emulator/set_parameters": SetParameters,
}


class HandBringup:
    """Emulated hand and its driver node.

    Attributes:
        ear: What hosts send to the hand.
        joints: Newest joint states and when they came, newest last.
        diagnostics: Newest diagnostics by node name: (level, message, values).
    """

    def __init__(self, logs: Path, **arguments: str) -> None:
        self._logs = logs
        self.channel = free_channel()
        self.ear = Ear(self.channel)
        domain = free_domain()
        self._environment = system_environment() | {"ROS_DOMAIN_ID": str(domain)}
        system = load_system("allegro")
        # Patient, as a machine that tests other things as well may keep everything waiting for a while.
        given = {"channel": self.channel, "patience": "5.0", **arguments}
        self._nodes: dict[str, NodeProcess] = {p.name: p for p in resolve(system, system.values(given))}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        for name in self._nodes:
            self.start(name)
        os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
        os.environ["FASTDDS_DEFAULT_PROFILES_FILE"] = self._environment["FASTDDS_DEFAULT_PROFILES_FILE"]
        self._context = rclpy.Context()
        rclpy.init(context=self._context, domain_id=domain, signal_handler_options=SignalHandlerOptions.NO)
        self.node = rclpy.create_node("tester", namespace="allegro", context=self._context)
        self.caller = ServiceCaller(self.node, SERVICES, "hand/status", "nobody/status")
        self.joints: list[tuple[JointReading, float]] = []
        self.diagnostics: dict[str, tuple[int, str, dict[str, str]]] = {}
        self.node.create_subscription(JointState, "joint_states", self._on_joints, SENSOR)
        self.node.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)
        self._targets = self.node.create_publisher(JointTrajectory, "joint_target", COMMAND)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()
        self.caller.wait_for_nodes(PATIENCE)
        self.until(lambda: self.caller.robot.get("ready"), "the hand is ready")

    def start(self, name: str) -> None:
        log = (self._logs / f"{name}.log").open("ab")
        self.processes[name] = subprocess.Popen(
            self._nodes[name].argv(),
            env=self._environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def log(self, name: str) -> str:
        return (self._logs / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def close(self) -> dict[str, int]:
        """Interrupt every process, the hand's first, and return the exit codes."""
        self.caller.close()
        codes = {}
        for name in reversed(self._nodes):
            process = self.processes[name]
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            try:
                codes[name] = process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                codes[name] = process.wait()
        self._executor.shutdown()
        rclpy.try_shutdown(context=self._context)
        self._thread.join(5)
        self.ear.close()
        return codes

    # Playing the operator.

    @property
    def state(self) -> str:
        return str(self.caller.robot.get("state", ""))

    @property
    def reason(self) -> str:
        return str(self.caller.robot.get("reason", ""))

    def call(self, name: str) -> tuple[bool, str]:
        kind = SERVICES[name]
        request: Any = SetBool.Request(data=True) if kind is SetBool else Trigger.Request()
        reply = self.caller._call(name, request)
        return reply.success, reply.message

    def fault(self, text: str) -> None:
        self.caller.set_text("hand_emulator", "fault", text)

    def moving(self) -> None:
        """No fault, and torque that holds the hand."""
        self.fault("")
        deadline = time.monotonic() + PATIENCE
        while not (self.call("hand/home")[0] and self.wait(self.ear.pulls, 3.0)):
            assert time.monotonic() < deadline, f"the hand does not move: {self.reason}"
            self.call("hand/clear_fault")
        self.until(lambda: self.state in ("running", "hold"), "the status says so")

    def send(self, position: FloatArray, names: tuple[str, ...] = ()) -> None:
        stamp = self.node.get_clock().now().nanoseconds * 1e-9
        names = names or self.joints[-1][0].names
        self._targets.publish(conversions.target_message(JointTarget(names, position, stamp, 0.2)))

    def wait(self, condition: Callable[[], object], seconds: float) -> bool:
        return self.caller.wait(lambda: bool(condition()), seconds)

    def until(self, condition: Callable[[], object], what: str) -> None:
        assert self.wait(condition, PATIENCE), (
            f"waited {PATIENCE} s in vain until {what}; hand: {self.caller.robot}"
        )

    def level(self) -> int:
        return self.diagnostics.get("/allegro/hand", (9, "", {}))[0]

    # Topics.

    def _spin(self) -> None:
        with contextlib.suppress(ExternalShutdownException):
            self._executor.spin()

    def _on_joints(self, message: JointState) -> None:
        self.joints.append((conversions.joint_reading(message), time.time()))

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            values = {value.key: value.value for value in status.values}
            self.diagnostics[status.name] = (int.from_bytes(status.level, "little"), status.message, values)
