"""A hand on the emulated arm, keys in a terminal: real processes from the key to the joint target."""

from __future__ import annotations

import json
import os
import pty
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy")
pytest.importorskip("xarm")
pytest.importorskip("mujoco")

from sensor_msgs.msg import JointState, Joy
from std_msgs.msg import String
from trajectory_msgs.msg import JointTrajectory

from mvp_real.nodes.quality import COMMAND, LATCHED, SENSOR
from mvp_real.nodes.teleop_messages import HANDS, TOPIC
from mvp_real.robots.table import load_robot

from .live_graph import PATIENCE, LiveGraph, system_commands

pytestmark = [pytest.mark.nodes, pytest.mark.slow]
HOME = load_robot("xarm7").home


class Teaching(LiveGraph):
    """Emulated arm and the operator's node, on a terminal of the test's."""

    def __init__(self, logs: Path) -> None:
        self.terminal, self._theirs = pty.openpty()
        pick = random.SystemRandom().randint
        address = f"127.{pick(1, 254)}.{pick(1, 254)}.{pick(2, 254)}"
        arguments = {"robot": "emulated", "device": "kinesthetic", "loopback": address}
        os.environ["MVP_REAL_TERMINAL"] = os.ttyname(self._theirs)
        commands = system_commands("teleop", arguments, ("emulated_world", "arm", "teleop_kinesthetic"))
        try:
            super().__init__(logs, "xarm7", commands)
        finally:
            del os.environ["MVP_REAL_TERMINAL"]
        self.status: dict[str, Any] = {}
        self.joints = np.full(8, np.nan)
        self.targets: list[np.ndarray] = []
        self.sample = Joy()
        node = self.node
        node.create_subscription(String, "arm/status", self._on_status, LATCHED)
        node.create_subscription(JointState, "joint_states", self._on_joints, SENSOR)
        node.create_subscription(JointTrajectory, "joint_target", self._on_target, COMMAND)
        node.create_subscription(Joy, TOPIC, lambda message: setattr(self, "sample", message), HANDS)
        self.hand = node.create_publisher(JointState, "emulated_world/pull", COMMAND)
        self.listen()
        self.until(
            lambda: "t: let the arm give way" in self.log("teleop_kinesthetic"), "the keys are explained"
        )
        self.until(lambda: self.state == "disabled" and np.isfinite(self.joints).all(), "the arm is heard")

    @property
    def state(self) -> str:
        return str(self.status.get("state", ""))

    def press(self, keys: str) -> None:
        os.write(self.terminal, keys.encode())

    def pull(self, joints: np.ndarray) -> None:
        """A hand that pulls until the arm is there."""

        def there() -> bool:
            self.hand.publish(JointState(position=joints.tolist()))
            return bool(np.max(np.abs(self.joints[:7] - joints)) < 0.01)

        self.until(there, "the arm follows the hand")

    def situation(self) -> str:
        return f"{self.status}, joints {self.joints}\n{self.log('teleop_kinesthetic')}"

    def close(self, order: Any = ("teleop_kinesthetic", "arm", "emulated_world")) -> dict[str, int]:
        codes = super().close(order)
        os.close(self.terminal)
        os.close(self._theirs)
        return codes

    def _on_status(self, message: String) -> None:
        self.status = json.loads(message.data)

    def _on_joints(self, message: JointState) -> None:
        self.joints = np.array(message.position)

    def _on_target(self, message: JointTrajectory) -> None:
        self.targets.append(np.array(message.points[0].positions))


@pytest.fixture(scope="module")
def arm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Teaching]:
    graph = Teaching(tmp_path_factory.mktemp("teaching"))
    yield graph
    assert set(graph.close().values()) == {0}


def test_what_the_hand_shows_is_the_target(arm: Teaching) -> None:
    assert not arm.targets, "nothing is said before the arm gives way"
    arm.press("t")
    arm.until(lambda: arm.state == "teaching", "the arm gives way")
    shown = HOME[:7] + np.array([0.1, 0.1, 0.0, -0.1, 0.0, 0.1, 0.0])
    arm.pull(shown)
    arm.until(lambda: np.max(np.abs(arm.targets[-1][:7] - shown)) < 0.01, "the target follows")
    way = np.array(arm.targets)[:, 0]
    assert way[0] == pytest.approx(HOME[0], abs=0.02), "it was followed from the start"
    assert np.max(np.abs(np.diff(way))) < 0.06

    arm.press("g")
    arm.until(lambda: arm.joints[7] < 0.1, "the gripper closes")
    assert arm.targets[-1][7] == 0.0
    arm.until(lambda: arm.sample.axes and arm.sample.axes[7] == 1.0, "the sample says so")
    arm.press("\r")
    arm.until(lambda: arm.sample.buttons[2] == 1, "the mark is told")

    arm.press("t")
    arm.until(lambda: arm.state == "disabled", "the arm holds")
    count = len(arm.targets)
    arm.hand.publish(JointState(position=HOME[:7].tolist()))
    arm.until(lambda: arm.sample.buttons[1] == 0, "the clutch is released")
    assert len(arm.targets) <= count + 2
    assert np.max(np.abs(arm.joints[:7] - shown)) < 0.02


def test_leaving_lets_the_arm_hold(arm: Teaching) -> None:
    arm.press("t")
    arm.until(lambda: arm.state == "teaching", "the arm gives way")
    arm.press("q")
    assert arm.processes["teleop_kinesthetic"].wait(PATIENCE) == 0
    arm.until(lambda: arm.state == "disabled", "the arm holds")
