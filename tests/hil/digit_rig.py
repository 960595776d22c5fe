"""Digit: node `digit_driver` on an emulated or real robot. The emulated one hangs in its hoist and stands there.

The emulator's clock is slowed, so that a busy computer does not look like a broken link.
"""

from __future__ import annotations

import random
import threading
from typing import Any

from sensor_msgs.msg import JointState

from mvp_real.messages import PdCommand
from mvp_real.nodes.conversions import seconds
from mvp_real.nodes.digit_conversions import interface_names, joint_command_message
from mvp_real.nodes.quality import COMMAND, SENSOR
from mvp_real.robots.digit import load_digit

from .processes import PATIENCE, Emulator, children, running, wait_until
from .rig import Rig

TABLE = load_digit()
SPEED = 0.1  # s of the robot per s of wall time
LINK_TIMEOUT = 0.5  # s of wall time, for an emulator that others keep from running


class DigitRig(Rig):
    """See the module."""

    device, node_name, namespace = "digit", "digit_driver", "digit"
    controller_period = 0.02

    def start_emulator(self) -> Emulator:
        self.port, self.reply_port = random.SystemRandom().sample(range(26000, 31000), 2)
        options = ["--port", str(self.port), "--reply-port", str(self.reply_port), "--hoist", "hold"]
        # A robot does not share its host's processors: where the system allows it, neither does this one.
        options += ["--speed", str(SPEED), "--link-timeout", "1.0", "--priority", "50"]
        return Emulator("digit", options, self.logs, self.environment)

    def parameters(self) -> dict[str, Any]:
        if self.reach.real:
            # Shadow: the driver does all that it does, and the robot is never commanded.
            return {"ip": self.reach.ip, "mode": "shadow"}
        ports = {"ip": "127.0.0.1", "port": self.port, "listen_port": self.reply_port}
        return {**ports, "clock": "robot", "link_timeout": LINK_TIMEOUT}

    def connect_topics(self) -> None:
        self._stamp: float | None = None
        self._names = interface_names(TABLE.motors)
        self.node.create_subscription(JointState, "joint_states", self._on_joints, SENSOR)
        self._commands = self.node.create_publisher(JointState, "joint_command", COMMAND)

    def recover(self) -> None:
        """The vendor's controller takes the robot again, as after every stop."""
        super().recover()
        self.call("home")

    def send(self, stamp_offset: float) -> bool:
        """Keep the default pose."""
        if self._stamp is None:
            return False
        command = PdCommand(TABLE.default_pose, TABLE.kp, TABLE.kd, self._stamp + stamp_offset)
        self._commands.publish(joint_command_message(command, self._names))
        return True

    def moves(self) -> bool:
        """The robot is in the hands of the driver, as it says itself; in shadow it never is."""
        return self.reach.real or self._mode() == "low-level"

    def _mode(self) -> str:
        assert self.emulator is not None
        return next((str(said["mode"]) for said in reversed(self.emulator.said) if "mode" in said), "")

    def kill_driver(self) -> None:
        assert self.driver is not None
        servo = children(self.driver.pid)
        super().kill_driver()
        self._streaming = False
        threading.Thread(target=self._note_end, args=(servo,), daemon=True).start()

    def _note_end(self, servo: list[int]) -> None:
        gone = servo and wait_until(lambda: not any(map(running, servo)), PATIENCE)
        if gone and wait_until(lambda: self._mode() == "damping", PATIENCE):
            self.note(
                "damping", "the servo process has gone, too, and the robot damps, as the robot itself says"
            )

    def _on_joints(self, message: JointState) -> None:
        self._stamp = seconds(message.header.stamp)
