"""What the simulated robot says: clock, joint states, images, scene and status, with the injected faults."""

from __future__ import annotations

import json
import math
import time
from collections import deque

from rclpy.node import Node
from rosgraph_msgs.msg import Clock as ClockMessage
from sensor_msgs.msg import CameraInfo, Image, JointState
from std_msgs.msg import Float64MultiArray, String

from mvp_real.bundle import ORACLE
from mvp_real.nodes import conversions
from mvp_real.nodes.durations import Durations
from mvp_real.nodes.faults import Fault
from mvp_real.nodes.quality import CLOCK, LATCHED, sensor_quality
from mvp_real.nodes.simulated_robot import SimulatedRobot
from mvp_real.tasks.pick_fruit import setup_to_dict

CAMERA_FRAME = "wrist_camera_optical_frame"
FORGOTTEN = 2000  # ms; an image without an answer for so long gets none


class RobotPublisher:
    """Publishes the state of a simulated robot.

    Args:
        node: Owner of the publishers.
        robot: What to publish.
        lockstep: Reliable sensor topics.

    Attributes:
        fault: Fault to inject into what is published.
        oracle: Publish the privileged state as the feature, and no images.
        images: Number of images published.
        render: Times to make an image.
    """

    def __init__(self, node: Node, robot: SimulatedRobot, lockstep: bool) -> None:
        self._robot = robot
        self.fault = Fault()
        self.oracle = False
        self.images = 0
        self.render = Durations()
        self._sent_at: dict[int, float] = {}
        self._delayed: deque[tuple[float, Image]] = deque()
        self._last_image: Image | None = None
        quality = sensor_quality(lockstep)
        self._clock = node.create_publisher(ClockMessage, "/clock", CLOCK)
        self._joints = node.create_publisher(JointState, "joint_states", quality)
        self._images = node.create_publisher(Image, "wrist_camera/image", quality)
        self._camera_info = node.create_publisher(CameraInfo, "wrist_camera/camera_info", quality)
        self._features = node.create_publisher(Image, "wrist_camera/features", quality)
        self._scene = node.create_publisher(Float64MultiArray, "scene_state", 50)
        self._status = node.create_publisher(String, "~/status", LATCHED)

    def forget(self) -> None:
        """A new episode: no image of the old one may appear in it."""
        self._delayed.clear()
        self._sent_at.clear()
        self._last_image = None

    def clock(self) -> None:
        """Publish the time."""
        self._clock.publish(ClockMessage(clock=conversions.time_message(self._robot.now)))

    def joints(self) -> None:
        """Publish the measured joints."""
        if self.fault.name == "joint_stop":
            return
        message = conversions.joint_state_message(self._robot.reading())
        if self.fault.name == "joint_order":
            message.name = message.name[::-1]
        self._joints.publish(message)

    def image(self) -> None:
        """Take and publish an image, or the privileged state in its place."""
        if self.fault.name == "camera_stop":
            return
        self.images += 1
        started = time.monotonic()
        stamp = self._robot.milliseconds
        self._sent_at[stamp] = started
        for old in [key for key in self._sent_at if abs(key - stamp) > FORGOTTEN]:
            del self._sent_at[old]
        message = self._take()
        self.render.add(time.monotonic() - started)
        self._last_image = message
        if self.fault.name == "image_delay":
            self._delayed.append((self._robot.now + self.fault.value, message))
        else:
            self._send(message)

    def delayed_images(self) -> None:
        """Publish the images whose injected delay is over."""
        while self._delayed and self._delayed[0][0] <= self._robot.now:
            self._send(self._delayed.popleft()[1])

    def answered(self, stamp: int) -> float | None:
        """Wall time since the image of `stamp` (ns) was begun, s; None if unknown or answered before."""
        sent = self._sent_at.pop(stamp // 1_000_000, None)
        return None if sent is None else time.monotonic() - sent

    def scene(self) -> None:
        """Publish episode, time and generalised positions: enough to draw the scene elsewhere."""
        if self._scene.get_subscription_count():
            world = self._robot.world
            data = [float(self._robot.episode), world.time, *world.data.qpos.tolist()]
            self._scene.publish(Float64MultiArray(data=data))

    def status(self) -> None:
        """Publish the driver's state and the verdict on the episode."""
        outcome = self._robot.outcome()
        setup = self._robot.world.setup
        miss = outcome.closing_distance
        status = {
            "episode": self._robot.episode,
            "state": self._robot.state.value,
            "reason": self._robot.reason,
            "homing": self._robot.arm.homing,
            "time": self._robot.world.time,
            "stamp": self._robot.now,
            "outcome": {
                "success": outcome.success,
                "done": outcome.done,
                "height": outcome.height,
                "category": outcome.failure_category,
                "steps": outcome.steps,
                "closing_distance": None if math.isnan(miss) else miss,
            },
            "setup": None if setup is None else setup_to_dict(setup),
        }
        self._status.publish(String(data=json.dumps(status)))

    def _take(self) -> Image:
        if self.fault.name in ("camera_freeze", "camera_stuck") and self._last_image is not None:
            message = self._last_image
            if self.fault.name == "camera_freeze":
                message.header.stamp = conversions.time_message(self._robot.now)
            return message
        if self.oracle:
            return conversions.feature_message(self._robot.oracle(), f"{ORACLE}#")
        frame = self._robot.frame()
        return conversions.image_message(frame.image, frame.stamp, CAMERA_FRAME)

    def _send(self, message: Image) -> None:
        if message.encoding == "32FC1":
            self._features.publish(message)
            return
        self._images.publish(message)
        focal = self._robot.focal_length(message.height)
        self._camera_info.publish(
            conversions.camera_info_message(message.header, message.width, message.height, focal)
        )
