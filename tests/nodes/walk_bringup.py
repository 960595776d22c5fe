"""Real processes of the system digit_walk, and a test that plays the operator."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from geometry_msgs.msg import Twist
from sensor_msgs.msg import JointState
from std_msgs.msg import String

from mvp_real.messages import PdCommand
from mvp_real.nodes import digit_conversions
from mvp_real.nodes.conversions import seconds
from mvp_real.nodes.quality import COMMAND, LATCHED, SENSOR
from mvp_real.nodes.walk_operator import WalkOperator
from mvp_real.robots.digit import load_digit

from .live_graph import PATIENCE, LiveGraph, system_commands

History = list[tuple[float, str, str]]
TABLE = load_digit()
NAMES = digit_conversions.interface_names(TABLE.motors)


class WalkBringup(LiveGraph):
    """Simulator and policy without the operator's script; the hoist carries the robot, so that it does not fall.

    Half speed: the limits of the specification are milliseconds of simulated time, and the machine may be busy.

    Attributes:
        loop, driver: Histories of the statuses: (stamp, state, reason).
        told: Velocity commands in the statuses of the loop: (stamp, command).
        commands: Every joint command since `idle`.
        leaves: Stamps of commands without names.
        torques: Largest share of its limit that any motor's torque had since the start.
    """

    remaps: ClassVar[dict[str, str]] = {}  # names that the tester uses, to those of another driver

    def __init__(self, models: Path, logs: Path, **arguments: str) -> None:
        given = {"bundle": "gait", "operator": "none", "hoist": "hold", "speed": "0.5", **arguments}
        os.environ["MVP_REAL_MODELS"] = str(models)
        commands = system_commands("digit_walk", given)
        super().__init__(logs, "digit", commands, self.remaps)
        node = self.node
        self.operator = WalkOperator(node)
        self.loop: History = []
        self.driver: History = []
        self.told: list[tuple[float, list[float]]] = []
        self.commands: list[PdCommand] = []
        self.leaves: list[float] = []
        self.torques = 0.0
        self.last_joints = 0.0
        node.create_subscription(String, "locomotion/status", self._on_loop, LATCHED)
        node.create_subscription(String, "digit_bridge/status", self._on_driver, LATCHED)
        node.create_subscription(JointState, "joint_command", self._on_command, COMMAND)
        node.create_subscription(JointState, "joint_states", self._on_joints, SENSOR)
        self.command_publisher = node.create_publisher(JointState, "joint_command", COMMAND)
        self._velocity = node.create_publisher(Twist, "cmd_vel", COMMAND)
        self.listen()
        self.operator.wait_for_nodes(PATIENCE)

    def close(self, order: Any = ()) -> dict[str, int]:
        """Interrupt every process and return the exit codes."""
        self.operator.close()
        return super().close(order)

    # Playing the operator.

    def idle(self) -> None:
        """No fault, nothing latched, the robot on its feet."""
        self.inject("")
        self.operator.prepare()
        self.until(lambda: self.operator.robot.get("state") == "disabled", "the driver is disabled")
        self.until(lambda: self.operator.policy.get("state") == "idle", "the loop is idle")
        self.loop.clear()
        self.driver.clear()
        self.told.clear()
        self.commands.clear()
        self.leaves.clear()

    def walking(self) -> None:
        """The policy has the robot and has had it for some ticks."""
        self.idle()
        self.operator.enable_robot(True)
        self.operator.engage()
        self.until(lambda: self.state_of(self.loop) == "walking" and len(self.commands) > 40, "it walks")

    def inject(self, fault: str) -> None:
        self.operator.set_text("digit_bridge", "fault", fault)

    def velocity(self, forward: float, sideways: float = 0.0, turn: float = 0.0) -> None:
        self._velocity.publish(digit_conversions.twist_message(np.array([forward, sideways, turn])))

    def situation(self) -> str:
        return f"loop {self.loop[-4:]}, driver {self.driver[-4:]}"

    def entered(self, history: History, *states: str) -> tuple[float, str]:
        """Wait for one of the states; its stamp and reason when it was entered."""
        self.until(lambda: any(entry[1] in states for entry in history), f"state {' or '.join(states)}")
        return next((stamp, reason) for stamp, name, reason in history if name in states)

    @staticmethod
    def state_of(history: History) -> str:
        return history[-1][1] if history else ""

    def assert_within_limits(self) -> None:
        """No command that was sent, and no torque that was made, was ever outside the limits."""
        for command in list(self.commands):
            assert np.all(command.position >= TABLE.target_lower - 1e-9)
            assert np.all(command.position <= TABLE.target_upper + 1e-9)
            for values, nominal in ((command.kp, TABLE.kp), (command.kd, TABLE.kd)):
                assert np.all((values >= 0.5 * nominal - 1e-9) & (values <= 1.5 * nominal + 1e-9))
        assert self.torques <= 1.0 + 1e-9

    # Topics.

    @staticmethod
    def _note(history: History, status: dict[str, Any]) -> None:
        if not history or history[-1][1] != status["state"]:
            history.append((status["stamp"], status["state"], status["reason"]))

    def _on_loop(self, message: String) -> None:
        status = json.loads(message.data)
        self._note(self.loop, status)
        self.told.append((status["stamp"], status["command"]))

    def _on_driver(self, message: String) -> None:
        self._note(self.driver, json.loads(message.data))

    def _on_command(self, message: JointState) -> None:
        with contextlib.suppress(ValueError):  # some tests send nonsense
            command = digit_conversions.joint_command(message, NAMES)
            if command is None:
                self.leaves.append(seconds(message.header.stamp))
            elif np.isfinite(command.position).all():
                self.commands.append(command)

    def _on_joints(self, message: JointState) -> None:
        self.last_joints = seconds(message.header.stamp)
        share = np.abs(np.array(message.effort[:20])) / TABLE.torque_limit
        self.torques = max(self.torques, float(share.max()))
