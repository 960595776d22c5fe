"""Real processes of the system teleop on a domain of their own, and a test that looks on."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import JointState, Joy
from std_msgs.msg import String
from std_srvs.srv import SetBool, Trigger
from trajectory_msgs.msg import JointTrajectory

from mvp_real.nodes.quality import COMMAND, LATCHED, SENSOR
from mvp_real.nodes.teleop_messages import HANDS, TOPIC
from mvp_real.systems.environment import system_environment
from mvp_real.systems.graph import load_system
from mvp_real.systems.process import NodeProcess, resolve

from .bringup import PATIENCE, free_domain


class TeleopBringup:
    """Simulated arm, gateway and mapping.

    Attributes:
        targets: Positions of all joint targets; holds: number of trajectories without points.
        samples: Number of samples on the topic `teleop`.
        joints: Newest measured joints (8,).
        mapping: Newest status of the mapping; driver: of the arm's driver.
    """

    def __init__(self, logs: Path, **arguments: str) -> None:
        self.logs = logs
        self.domain = free_domain()
        environment = system_environment() | {"ROS_DOMAIN_ID": str(self.domain)}
        system = load_system("teleop")
        given = {"http_port": "0", "https_port": "0", "folder": str(logs / "tls"), "camera_rate": "4.0"}
        self._nodes: list[NodeProcess] = resolve(system, system.values(given | arguments))
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        for node in self._nodes:
            with (logs / f"{node.name}.log").open("ab") as log:
                self.processes[node.name] = subprocess.Popen(
                    node.argv(), env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
                )
        os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
        os.environ["FASTDDS_DEFAULT_PROFILES_FILE"] = environment["FASTDDS_DEFAULT_PROFILES_FILE"]
        self._context = rclpy.Context()
        rclpy.init(
            context=self._context, domain_id=self.domain, signal_handler_options=SignalHandlerOptions.NO
        )
        self.node = rclpy.create_node("tester", namespace="xarm7", context=self._context)
        self.targets: list[list[float]] = []
        self.holds = self.samples = 0
        self.joints = np.full(8, np.nan)
        self.mapping: dict[str, Any] = {}
        self.driver: dict[str, Any] = {}
        node = self.node
        node.create_subscription(JointTrajectory, "joint_target", self._on_target, COMMAND)
        node.create_subscription(JointState, "joint_states", self._on_joints, SENSOR)
        node.create_subscription(Joy, TOPIC, self._on_sample, HANDS)
        node.create_subscription(
            String, "teleop_mapping/status", lambda m: setattr(self, "mapping", json.loads(m.data)), LATCHED
        )
        node.create_subscription(
            String, "arm/status", lambda m: setattr(self, "driver", json.loads(m.data)), LATCHED
        )
        self.hand = node.create_publisher(Joy, TOPIC, HANDS)
        self._callers = {
            "enable": node.create_client(SetBool, "arm/enable"),
            "stop": node.create_client(Trigger, "arm/stop"),
            "clear_fault": node.create_client(Trigger, "arm/clear_fault"),
        }
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(node)
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()
        try:
            for name in self.processes:
                self.until(lambda name=name: "ready" in self.log(name), f"{name} is ready")
            self.until(lambda: bool(self.mapping and self.driver), "mapping and driver have spoken")
        except BaseException:
            self.close()
            raise

    @property
    def token(self) -> str:
        """The newest pairing token in the gateway's log."""
        found = re.findall(r"(?:/#|next token )([2-9A-Z]{5}-[2-9A-Z]{5})", self.log("teleop_gateway"))
        return str(found[-1])

    def page(self, scheme: str = "http") -> str:
        """Address of the page on the loopback interface, without the token."""
        found = re.search(rf"page: {scheme}://[^:/]+:(\d+)", self.log("teleop_gateway"))
        assert found, self.log("teleop_gateway")
        return f"{scheme}://127.0.0.1:{found[1]}"

    def log(self, name: str) -> str:
        """What a node has printed."""
        return (self.logs / f"{name}.log").read_text(errors="replace")

    def call(self, service: str, data: bool = True) -> Any:
        """The response of one of the driver's services."""
        client = self._callers[service]
        assert client.wait_for_service(PATIENCE)
        request = SetBool.Request(data=data) if service == "enable" else Trigger.Request()
        future = client.call_async(request)
        self.until(future.done, f"{service} is answered")
        return future.result()

    def until(self, condition: Callable[[], Any], what: str) -> None:
        """Wait for a condition, and fail with the newest states."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            for name, process in self.processes.items():
                assert process.poll() is None, f"{name} has ended:\n{self.log(name)[-2000:]}"
            assert time.monotonic() < deadline, (
                f"waited {PATIENCE} s in vain until {what}; mapping {self.mapping}, driver {self.driver}"
            )
            time.sleep(0.02)

    def close(self) -> None:
        """End all processes."""
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._executor.shutdown()
        rclpy.try_shutdown(context=self._context)
        self._thread.join(5.0)

    def _spin(self) -> None:
        with contextlib.suppress(ExternalShutdownException):
            self._executor.spin()

    def _on_target(self, message: JointTrajectory) -> None:
        if message.points:
            self.targets.append(list(message.points[0].positions))
        else:
            self.holds += 1

    def _on_joints(self, message: JointState) -> None:
        self.joints = np.array(message.position)

    def _on_sample(self, message: Joy) -> None:
        self.samples += 1
