"""Real processes of the system pick_fruit on a domain of their own, and a test that plays the operator."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.srv import SetParameters
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import String
from trajectory_msgs.msg import JointTrajectory

from mvp_real.nodes import conversions
from mvp_real.nodes.operator import Operator
from mvp_real.nodes.quality import COMMAND, LATCHED, SENSOR
from mvp_real.systems.environment import system_environment
from mvp_real.systems.graph import load_system
from mvp_real.systems.process import NodeProcess, resolve
from mvp_real.tasks.pick_fruit import setup_to_dict, validation_setups

PATIENCE = (
    40.0  # s of wall time; the assertions are about stamps, which do not depend on how busy the machine is
)


def free_domain() -> int:
    """A random domain, so that runs side by side do not meet."""
    return random.SystemRandom().randint(1, 100)


class Bringup:
    """Simulator, encoder and controller without the operator's script.

    Attributes:
        loop: History of the controller's status: (stamp, state, reason).
        driver: History of the driver's status: (stamp, state, reason).
        diagnostics: Newest diagnostics by node name: (level, message, values).
        targets: Stamps of joint targets; holds: stamps of trajectories without points.
    """

    def __init__(self, models: Path, logs: Path, **arguments: str) -> None:
        self.domain = free_domain()
        self._logs = logs
        self._environment = system_environment() | {
            "ROS_DOMAIN_ID": str(self.domain),
            "MVP_REAL_MODELS": str(models),
        }
        os.environ["MVP_REAL_MODELS"] = str(models)
        system = load_system("pick_fruit")
        values = system.values({"bundle": "turn", "operator": "none", **arguments})
        self._nodes: dict[str, NodeProcess] = {p.name: p for p in resolve(system, values)}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        for name in self._nodes:
            self.start(name)
        os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
        os.environ["FASTDDS_DEFAULT_PROFILES_FILE"] = self._environment["FASTDDS_DEFAULT_PROFILES_FILE"]
        self._context = rclpy.Context()
        rclpy.init(
            context=self._context, domain_id=self.domain, signal_handler_options=SignalHandlerOptions.NO
        )
        self.node = rclpy.create_node("tester", namespace="xarm7", context=self._context)
        self.operator = Operator(self.node)
        self.loop: list[tuple[float, str, str]] = []
        self.driver: list[tuple[float, str, str]] = []
        self.diagnostics: dict[str, tuple[int, str, dict[str, str]]] = {}
        self.targets: list[float] = []
        self.holds: list[float] = []
        self.last_feature = self.last_joints = 0.0
        node = self.node
        node.create_subscription(String, "controller/status", lambda m: self._status(self.loop, m), LATCHED)
        node.create_subscription(String, "sim_bridge/status", lambda m: self._status(self.driver, m), LATCHED)
        node.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)
        node.create_subscription(Image, "wrist_camera/features", self._on_feature, SENSOR)
        node.create_subscription(JointState, "joint_states", self._on_joints, SENSOR)
        node.create_subscription(JointTrajectory, "joint_target", self._on_target, COMMAND)
        self.target_publisher = node.create_publisher(JointTrajectory, "joint_target", COMMAND)
        self.feature_publisher = node.create_publisher(Image, "wrist_camera/features", SENSOR)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(node)
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()
        self.operator.wait_for_nodes(PATIENCE)

    # Processes.

    def start(self, name: str) -> None:
        log = (self._logs / f"{name}.log").open("ab")
        self.processes[name] = subprocess.Popen(
            self._nodes[name].argv(),
            env=self._environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def kill(self, name: str) -> None:
        self.processes[name].kill()
        self.processes[name].wait()

    def restart(self, name: str) -> None:
        """Start a process that has ended and wait until it is ready.

        Its services cannot tell: those of a killed process look alive until the lease of its participant
            ends.
        """
        before = self.log(name).count(" ready")
        self.start(name)
        self.until(lambda: self.log(name).count(" ready") > before, f"{name} is ready again")
        replies: list[Any] = []
        client = self.operator._clients[f"{name}/set_parameters"]
        for _ in range(20):  # a request sent before both sides have met is lost
            client.call_async(SetParameters.Request()).add_done_callback(replies.append)
            if self.operator.wait(lambda: bool(replies), 2.0):
                return
        raise AssertionError(f"{name} does not answer")

    def log(self, name: str) -> str:
        return (self._logs / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def close(self) -> dict[str, int]:
        """Interrupt every process and return the exit codes."""
        self.operator.close()
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
        codes = {}
        for name, process in self.processes.items():
            try:
                codes[name] = process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                codes[name] = process.wait()
        self._executor.shutdown()
        rclpy.try_shutdown(context=self._context)
        self._thread.join(5)
        return codes

    # Playing the operator.

    def idle(self) -> None:
        """No fault, everything disabled, a new scene."""
        operator = self.operator
        operator.set_text("sim_bridge", "fault", "")
        operator.enable_policy(False)
        operator.enable_robot(False)
        operator.clear_fault()
        operator.reset(setup_to_dict(validation_setups("plain")[0]), "")
        self.loop.clear()
        self.driver.clear()
        self.targets.clear()
        self.holds.clear()

    def moving(self) -> None:
        """The policy drives the arm and has done so for some ticks."""
        self.idle()
        self.operator.enable_policy(True)
        self.operator.enable_robot(True)
        self.until(
            lambda: len(self.targets) >= 5 and self.state_of(self.driver) == "running", "the arm moves"
        )
        self.until(lambda: self.state_of(self.loop) == "running", "the loop runs")

    def inject(self, fault: str) -> None:
        self.operator.set_text("sim_bridge", "fault", fault)

    def until(self, condition: Any, what: str) -> None:
        """Wait for a condition; what failed and the newest states are in the message."""
        assert self.operator.wait(condition, PATIENCE), (
            f"waited {PATIENCE} s in vain until {what}; loop {self.loop[-4:]}, driver {self.driver[-4:]}"
        )

    @staticmethod
    def state_of(history: list[tuple[float, str, str]]) -> str:
        return history[-1][1] if history else ""

    def entered(self, history: list[tuple[float, str, str]], state: str) -> tuple[float, str]:
        """Wait for a state; its stamp and reason when it was entered."""
        self.until(lambda: any(entry[1] == state for entry in history), f"state {state}")
        return next((stamp, reason) for stamp, name, reason in history if name == state)

    def level_of(self, node: str) -> int:
        return self.diagnostics.get(f"/xarm7/{node}", (0, "", {}))[0]

    def values_of(self, node: str) -> dict[str, str]:
        return self.diagnostics.get(f"/xarm7/{node}", (0, "", {}))[2]

    # Topics.

    def _spin(self) -> None:
        with contextlib.suppress(ExternalShutdownException):
            self._executor.spin()

    @staticmethod
    def _status(history: list[tuple[float, str, str]], message: String) -> None:
        status = json.loads(message.data)
        if not history or history[-1][1] != status["state"]:
            history.append((status["stamp"], status["state"], status["reason"]))

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            values = {value.key: value.value for value in status.values}
            self.diagnostics[status.name] = (int.from_bytes(status.level, "little"), status.message, values)

    def _on_feature(self, message: Image) -> None:
        self.last_feature = conversions.seconds(message.header.stamp)

    def _on_joints(self, message: JointState) -> None:
        self.last_joints = conversions.seconds(message.header.stamp)

    def _on_target(self, message: JointTrajectory) -> None:
        (self.targets if message.points else self.holds).append(conversions.seconds(message.header.stamp))


def wait_until(condition: Any, what: str) -> None:
    """Wait for something outside ROS."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited {PATIENCE} s in vain until {what}"
        time.sleep(0.02)
