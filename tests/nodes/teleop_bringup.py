"""Real processes of the system teleop, and a test that looks on."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from sensor_msgs.msg import JointState, Joy
from std_msgs.msg import String
from std_srvs.srv import SetBool, Trigger
from trajectory_msgs.msg import JointTrajectory

from mvp_real.nodes.quality import COMMAND, LATCHED, SENSOR
from mvp_real.nodes.teleop_messages import HANDS, TOPIC

from .live_graph import PATIENCE, LiveGraph, system_commands


class TeleopBringup(LiveGraph):
    """Simulated arm, gateway and mapping.

    Attributes:
        targets: Positions of all joint targets; holds: number of trajectories without points.
        samples: Number of samples on the topic `teleop`.
        joints: Newest measured joints (8,).
        mapping: Newest status of the mapping; driver: of the arm's driver.
    """

    def __init__(self, logs: Path, **arguments: str) -> None:
        given = {"http_port": "0", "https_port": "0", "folder": str(logs / "tls"), "camera_rate": "4.0"}
        super().__init__(logs, "xarm7", self.commands(given | arguments))
        self.targets: list[list[float]] = []
        self.holds = self.samples = 0
        self.joints = np.full(8, np.nan)
        self.mapping: dict[str, Any] = {}
        self.driver: dict[str, Any] = {}
        self.subscribe()
        self.listen()
        try:
            for name in self.processes:
                self.until(lambda name=name: "ready" in self.log(name), f"{name} is ready")
            self.until(lambda: bool(self.mapping and self.driver), "mapping and driver have spoken")
        except BaseException:
            self.close()
            raise

    def commands(self, arguments: dict[str, str]) -> dict[str, list[str]]:
        """Command lines of the processes."""
        return system_commands("teleop", arguments)

    def subscribe(self) -> None:
        """What the test listens to and calls."""
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

    def call(self, service: str, data: bool = True) -> Any:
        """The response of one of the driver's services."""
        client = self._callers[service]
        assert client.wait_for_service(PATIENCE)
        request = SetBool.Request(data=data) if service == "enable" else Trigger.Request()
        future = client.call_async(request)
        self.until(future.done, f"{service} is answered")
        return future.result()

    def situation(self) -> str:
        ended = [name for name, process in self.processes.items() if process.poll() is not None]
        words = "".join(f"\n{name} has ended:\n{self.log(name)[-2000:]}" for name in ended)
        return f"mapping {self.mapping}, driver {self.driver}{words}"

    def _on_target(self, message: JointTrajectory) -> None:
        if message.points:
            self.targets.append(list(message.points[0].positions))
        else:
            self.holds += 1

    def _on_joints(self, message: JointState) -> None:
        self.joints = np.array(message.position)

    def _on_sample(self, message: Joy) -> None:
        self.samples += 1
