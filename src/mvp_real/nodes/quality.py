"""Quality of service of the package's topics."""

from __future__ import annotations

from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

# Only the newest sample matters; a late repair would be older than the next sample.
SENSOR = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
# A controller pairs each image with the joints of the same moment, so it must not lose the ones just before.
JOINT_HISTORY = QoSProfile(depth=32, reliability=ReliabilityPolicy.BEST_EFFORT)
COMMAND = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE)
# In lock-step every sample is waited for, so none may be lost.
LOCKSTEP = QoSProfile(depth=4, reliability=ReliabilityPolicy.RELIABLE)
# The last value also reaches those who come later.
LATCHED = QoSProfile(
    depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL
)
CLOCK = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
# A recorder must lose nothing in lock-step, where nobody waits for it.
RECORDER = QoSProfile(depth=128, reliability=ReliabilityPolicy.RELIABLE)


def sensor_quality(lockstep: bool) -> QoSProfile:
    """Best effort in real time, reliable in lock-step."""
    return LOCKSTEP if lockstep else SENSOR


def joint_history_quality(lockstep: bool) -> QoSProfile:
    """For who needs recent joint states and not only the newest."""
    return LOCKSTEP if lockstep else JOINT_HISTORY
