"""Between hand samples and `sensor_msgs/Joy`.

Stamps on the topic `teleop` are the computer's time, also where a simulation makes the ROS time: a hand does not know
how fast a simulation runs, and one that went silent must grow old even when simulated time stands still. In a node
ages are measured on the steady clock.
"""

from __future__ import annotations

import time
from dataclasses import replace

from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Joy

from mvp_real.nodes import conversions
from mvp_real.teleop.hand_sample import HandSample, read_sample

TOPIC = "teleop"
# Newest wins; but both hands of a frame come one right after the other, and neither may push the other out.
HANDS = QoSProfile(depth=4, reliability=ReliabilityPolicy.BEST_EFFORT)
FUTURE = 0.02  # s; a stamp further ahead is of another clock, or the clock was set back


def ros_now(node: Node) -> float:
    """The node's clock, s."""
    return float(node.get_clock().now().nanoseconds / conversions.NANOSECONDS)


def joy_message(sample: HandSample) -> Joy:
    """The message of a sample whose stamp is on the steady clock (`time.monotonic`)."""
    message = Joy(axes=sample.axes(), buttons=sample.buttons())
    message.header.frame_id = sample.frame_id
    message.header.stamp = conversions.time_message(time.time() - (time.monotonic() - sample.stamp))
    return message


def steady_sample(message: Joy) -> HandSample:
    """The sample of a message, its stamp moved to the steady clock.

    Raises:
        ValueError: Another layout, impossible values, or a stamp in the future.
    """
    sample = read_sample(
        message.header.frame_id, conversions.seconds(message.header.stamp), message.axes, message.buttons
    )
    age = time.time() - sample.stamp
    if age < -FUTURE:
        raise ValueError(f"stamp of '{sample.frame_id}' is {-age:.3f} s ahead of this computer's clock")
    return replace(sample, stamp=time.monotonic() - age)
