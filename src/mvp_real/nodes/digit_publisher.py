"""What the simulated Digit says: clock, joints, IMU, base, contacts, scene and status, with the injected faults."""

from __future__ import annotations

import json
import math
import random
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from nav_msgs.msg import Odometry
from rclpy.node import Node
from rosgraph_msgs.msg import Clock as ClockMessage
from sensor_msgs.msg import Imu, JointState
from std_msgs.msg import Float64MultiArray, String

from mvp_real.messages import JointReading
from mvp_real.nodes import conversions, digit_conversions
from mvp_real.nodes.faults import Fault
from mvp_real.nodes.quality import CLOCK, LATCHED, RECORDER, sensor_quality
from mvp_real.sim.simulated_digit import SimulatedDigit

SCENE_FORCES = 2  # numbers in `scene_state` before the generalised positions, after episode and time


class DigitPublisher:
    """Publishes the state of a simulated Digit.

    Args:
        node: Owner of the publishers.
        robot: What to publish.
        lockstep: Reliable sensor topics.
        seed: Of the loss of messages.

    Attributes:
        fault: Fault to inject into what is published.
        lost: Messages that were lost on purpose.
    """

    def __init__(self, node: Node, robot: SimulatedDigit, lockstep: bool, seed: int = 0) -> None:
        self._robot = robot
        self.fault = Fault()
        self.lost = 0
        self._random = random.Random(seed)
        self._delayed: deque[tuple[float, Callable[[Any], None], Any]] = deque()
        self._last_joints: JointReading | None = None
        quality = sensor_quality(lockstep)
        self._clock = node.create_publisher(ClockMessage, "/clock", CLOCK)
        self._joints = node.create_publisher(JointState, "joint_states", quality)
        self._imu = node.create_publisher(Imu, "imu", quality)
        self._odometry = node.create_publisher(Odometry, "odom", quality)
        self._contact = node.create_publisher(JointState, "contact", quality)
        self._scene = node.create_publisher(Float64MultiArray, "scene_state", RECORDER)
        self._status = node.create_publisher(String, "~/status", LATCHED)

    def clock(self) -> None:
        """Publish the time."""
        self._clock.publish(ClockMessage(clock=conversions.time_message(self._robot.now)))

    def measurements(self) -> None:
        """Publish joints, IMU, base and contacts of this moment, and what the injected delay is over for."""
        robot, fault = self._robot, self.fault.name
        imu = robot.imu_reading()
        if fault != "joint_stop":
            self._send(self._joints.publish, conversions.joint_state_message(self._joint_reading()))
        if fault != "imu_stop":
            message = digit_conversions.imu_message(imu, robot.linear_acceleration())
            self._send(self._imu.publish, message)
        if fault != "odom_stop":
            message = digit_conversions.odometry_message(robot.base_reading(), imu)
            self._send(self._odometry.publish, message)
        if self._contact.get_subscription_count():
            message = digit_conversions.contact_message(robot.contact_forces(), robot.now)
            self._send(self._contact.publish, message)
        while self._delayed and self._delayed[0][0] <= robot.now:
            _, publish, message = self._delayed.popleft()
            publish(message)

    def scene(self) -> None:
        """Publish episode, time, contact forces and generalised positions: enough to draw the scene elsewhere."""
        if self._scene.get_subscription_count():
            robot = self._robot
            head = [float(robot.episode), robot.now, *robot.contact_forces().tolist()]
            self._scene.publish(Float64MultiArray(data=[*head, *robot.data.qpos.tolist()]))

    def status(self) -> None:
        """Publish the driver's state."""
        robot = self._robot
        status = {
            "state": robot.state.value,
            "reason": robot.reason,
            "stamp": robot.now,
            "episode": robot.episode,
            "hoist": round(robot.hoist.support, 3),
        }
        self._status.publish(String(data=json.dumps(status)))

    def loses(self) -> bool:
        """Whether a message is lost on its way, by the injected fault."""
        lost = self.fault.name == "packet_loss" and self._random.random() < self.fault.value
        self.lost += lost
        return lost

    def _joint_reading(self) -> JointReading:
        reading = self._robot.joint_reading()
        if self.fault.name == "joint_nan":
            position = reading.position.copy()
            position[3] = math.nan
            return replace(reading, position=position)
        if self.fault.name == "joint_freeze":
            frozen = self._last_joints if self._last_joints is not None else reading
            reading = replace(frozen, stamp=reading.stamp)
        self._last_joints = reading
        return reading

    def _send(self, publish: Callable[[Any], None], message: Any) -> None:
        if self.loses():
            return
        if self.fault.name == "sensor_delay":
            self._delayed.append((self._robot.now + self.fault.value, publish, message))
        else:
            publish(message)


def scene_sample(message: Float64MultiArray) -> tuple[int, float, np.ndarray, np.ndarray]:
    """Episode, time in s, contact forces (2,) in N and generalised positions of a `scene_state` message."""
    data = np.array(message.data)
    start = 2 + SCENE_FORCES
    return int(data[0]), float(data[1]), data[2:start], data[start:]
