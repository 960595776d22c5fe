"""Real processes of the system pick_fruit, and a test that plays the operator."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from rcl_interfaces.srv import SetParameters
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import String
from trajectory_msgs.msg import JointTrajectory

from mvp_real.nodes import conversions
from mvp_real.nodes.operator import Operator
from mvp_real.nodes.quality import COMMAND, LATCHED, SENSOR
from mvp_real.tasks.pick_fruit import setup_to_dict, validation_setups

from .live_graph import PATIENCE, LiveGraph, system_commands


class Bringup(LiveGraph):
    """Simulator, encoder and controller without the operator's script.

    Attributes:
        loop: History of the controller's status: (stamp, state, reason).
        driver: History of the driver's status: (stamp, state, reason).
        targets: Stamps of joint targets; holds: stamps of trajectories without points.
    """

    def __init__(self, models: Path, logs: Path, **arguments: str) -> None:
        os.environ["MVP_REAL_MODELS"] = str(models)
        commands = system_commands("pick_fruit", {"bundle": "turn", "operator": "none", **arguments})
        super().__init__(logs, "xarm7", commands)
        self.operator = Operator(self.node)
        self.loop: list[tuple[float, str, str]] = []
        self.driver: list[tuple[float, str, str]] = []
        self.targets: list[float] = []
        self.holds: list[float] = []
        self.last_feature = self.last_joints = 0.0
        node = self.node
        node.create_subscription(String, "controller/status", lambda m: self._status(self.loop, m), LATCHED)
        node.create_subscription(String, "sim_bridge/status", lambda m: self._status(self.driver, m), LATCHED)
        node.create_subscription(Image, "wrist_camera/features", self._on_feature, SENSOR)
        node.create_subscription(JointState, "joint_states", self._on_joints, SENSOR)
        node.create_subscription(JointTrajectory, "joint_target", self._on_target, COMMAND)
        self.target_publisher = node.create_publisher(JointTrajectory, "joint_target", COMMAND)
        self.feature_publisher = node.create_publisher(Image, "wrist_camera/features", SENSOR)
        self.listen()
        self.operator.wait_for_nodes(PATIENCE)

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

    def close(self, order: Any = ()) -> dict[str, int]:
        """Interrupt every process and return the exit codes."""
        self.operator.close()
        return super().close(order)

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

    def situation(self) -> str:
        return f"loop {self.loop[-4:]}, driver {self.driver[-4:]}"

    @staticmethod
    def state_of(history: list[tuple[float, str, str]]) -> str:
        return history[-1][1] if history else ""

    def entered(self, history: list[tuple[float, str, str]], state: str) -> tuple[float, str]:
        """Wait for a state; its stamp and reason when it was entered."""
        self.until(lambda: any(entry[1] == state for entry in history), f"state {state}")
        return next((stamp, reason) for stamp, name, reason in history if name == state)

    # Topics.

    @staticmethod
    def _status(history: list[tuple[float, str, str]], message: String) -> None:
        status = json.loads(message.data)
        if not history or history[-1][1] != status["state"]:
            history.append((status["stamp"], status["state"], status["reason"]))

    def _on_feature(self, message: Image) -> None:
        self.last_feature = conversions.seconds(message.header.stamp)

    def _on_joints(self, message: JointState) -> None:
        self.last_joints = conversions.seconds(message.header.stamp)

    def _on_target(self, message: JointTrajectory) -> None:
        (self.targets if message.points else self.holds).append(conversions.seconds(message.header.stamp))
