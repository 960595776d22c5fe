"""The system `allegro` as real processes on a bus of its own, and a test that plays the operator."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rcl_interfaces.srv import SetParameters
from sensor_msgs.msg import JointState
from std_srvs.srv import SetBool, Trigger
from trajectory_msgs.msg import JointTrajectory

from mvp_real.messages import FloatArray, JointReading, JointTarget
from mvp_real.nodes import conversions
from mvp_real.nodes.quality import COMMAND, SENSOR
from mvp_real.nodes.service_caller import ServiceCaller
from tests.robots.allegro.hand_bench import Ear, free_channel

from .live_graph import PATIENCE, LiveGraph, system_commands

SERVICES = {
    "hand/enable": SetBool,
    "hand/stop": Trigger,
    "hand/home": Trigger,
    "hand/clear_fault": Trigger,
    "hand_emulator/set_parameters": SetParameters,
}


class HandBringup(LiveGraph):
    """Emulated hand and its driver node.

    Attributes:
        ear: What hosts send to the hand.
        joints: Newest joint states and when they came, newest last.
    """

    def __init__(self, logs: Path, **arguments: str) -> None:
        self.channel = free_channel()
        self.ear = Ear(self.channel)
        # Patient, as a machine that tests other things as well may keep everything waiting for a while.
        given = {"channel": self.channel, "patience": "5.0", **arguments}
        super().__init__(logs, "allegro", system_commands("allegro", given))
        self.caller = ServiceCaller(self.node, SERVICES, "hand/status", "nobody/status")
        self.joints: list[tuple[JointReading, float]] = []
        self.node.create_subscription(JointState, "joint_states", self._on_joints, SENSOR)
        self._targets = self.node.create_publisher(JointTrajectory, "joint_target", COMMAND)
        self.listen()
        self.caller.wait_for_nodes(PATIENCE)
        self.until(lambda: self.caller.robot.get("ready"), "the hand is ready")

    def close(self, order: Any = ()) -> dict[str, int]:
        """Interrupt every process, the hand's first, and return the exit codes."""
        self.caller.close()
        try:
            return super().close(order or reversed(self.processes))
        finally:
            self.ear.close()

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

    def situation(self) -> str:
        return f"hand: {self.caller.robot}"

    # Topics.

    def _on_joints(self, message: JointState) -> None:
        self.joints.append((conversions.joint_reading(message), time.time()))
