"""A recorder process, and a test that plays the robot and the operator."""

from __future__ import annotations

import json
import resource
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
from sensor_msgs.msg import CameraInfo, Image, JointState, Joy
from std_msgs.msg import String
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from mvp_real.messages import JointReading, JointTarget
from mvp_real.nodes import conversions
from mvp_real.nodes.quality import COMMAND, LATCHED, SENSOR
from mvp_real.nodes.teleop_messages import HANDS, TOPIC

from .live_graph import PATIENCE, LiveGraph, node_command

NAMES = (*(f"joint{i}" for i in range(1, 8)), "gripper")


class RecorderBringup(LiveGraph):
    """Robot and operator of one recorder.

    Attributes:
        status: Newest status of the recorder.
        sent: Stamps (ns) of the images sent so far.
        camera: Set to False, the camera falls silent.
    """

    def __init__(self, folder: Path, logs: Path, size_limit: int | None = None, **parameters: Any) -> None:
        self.folder = folder
        # A busy computer lets the test itself pause for seconds.
        values = {"folder": str(folder), "task": "reach", "free_space": 1, "lost_after": 10.0, **parameters}
        settings = {name: json.dumps(value) for name, value in values.items()}

        def limit() -> None:
            # A file that may not grow is a full disk to its writer.
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size_limit or -1, resource.RLIM_INFINITY))

        commands = {"recorder": node_command("recorder", "xarm7", settings)}
        super().__init__(logs, "xarm7", commands, before_start=limit if size_limit else None)
        node = self.node
        self.status: dict[str, Any] = {}
        self.sent: list[int] = []
        self.camera = True
        self._buttons = [1, 0, 0, 0]
        self._images = node.create_publisher(Image, "wrist_camera/image", SENSOR)
        self._infos = node.create_publisher(CameraInfo, "wrist_camera/camera_info", SENSOR)
        self._joints = node.create_publisher(JointState, "joint_states", SENSOR)
        self._targets = node.create_publisher(JointTrajectory, "joint_target", COMMAND)
        self._teleop = node.create_publisher(Joy, TOPIC, HANDS)
        self._driver = node.create_publisher(String, "arm/status", LATCHED)
        self._driver.publish(String(data=json.dumps({"state": "running", "reason": ""})))
        node.create_subscription(String, "recorder/status", self._on_status, LATCHED)
        self._clients = {
            name: node.create_client(Trigger, f"recorder/{name}")
            for name in ("start", "stop", "success", "discard")
        }
        self._tick = 0
        node.create_timer(0.02, self._on_timer)
        self.listen()

    def picture(self, number: int) -> np.ndarray:
        """Image `number`: a gradient whose brightness tells which one it is."""
        x = np.linspace(0, 150, 160, dtype=np.uint8)
        return np.stack([np.broadcast_to(x + number % 100, (120, 160))] * 3, axis=-1).copy()

    def call(self, name: str) -> tuple[bool, str]:
        """Call one of the recorder's services."""
        client = self._clients[name]
        assert client.wait_for_service(PATIENCE), self.log("recorder")
        future = client.call_async(Trigger.Request())
        self.until(future.done, f"{name} is answered")
        return future.result().success, future.result().message

    def started(self) -> None:
        """Start an episode once everything is heard."""
        self.until(lambda: self.status.get("silent") == [], "camera and joints are heard")
        done, text = self.call("start")
        assert done, text

    def press(self, button: int, flicker: bool = False) -> None:
        """Push one of the operator's buttons and let go; with `flicker` the hand is lost meanwhile and found again."""
        pushed = [1, 0, 0, 0]
        pushed[button] = 1
        for buttons in ([pushed, [0, 0, 0, 0], pushed] if flicker else [pushed]) + [[1, 0, 0, 0]]:
            self._buttons = buttons
            time.sleep(0.15)

    def situation(self) -> str:
        return f"{self.status}\n{self.log('recorder')}"

    def recorded(self, messages: int) -> None:
        """Wait until so many messages are in the open file."""
        self.until(lambda: self.status.get("messages", 0) >= messages, f"{messages} messages are recorded")

    def _on_status(self, message: String) -> None:
        self.status = json.loads(message.data)

    def _on_timer(self) -> None:
        """Joints at 50 Hz, images at 16.7 Hz, targets at 25 Hz."""
        self._tick += 1
        now = time.time()
        position = np.full(8, 0.001 * self._tick)
        position[7] = 1.0
        self._joints.publish(conversions.joint_state_message(JointReading(NAMES, position, np.zeros(8), now)))
        if self._tick % 2 == 0:
            target = JointTarget(NAMES, position + 0.05, now, 0.04)
            self._targets.publish(conversions.target_message(target))
        if self._tick % 3 == 0 and self.camera:
            image = conversions.image_message(self.picture(len(self.sent)), now, "camera")
            self.sent.append(conversions.nanoseconds(image.header.stamp))
            self._images.publish(image)
            self._infos.publish(conversions.camera_info_message(image.header, 160, 120, 100.0))
        hand = Joy(axes=[0.0] * 6 + [1.0, 0.0], buttons=list(self._buttons))
        hand.header.stamp = conversions.time_message(now)
        hand.header.frame_id = "webxr/right"
        self._teleop.publish(hand)
        other = Joy(axes=[0.0] * 6 + [1.0, 0.0], buttons=[1, 0, 0, 0], header=hand.header)
        other.header.frame_id = "webxr/left"
        self._teleop.publish(other)
