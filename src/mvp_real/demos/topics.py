"""Topic names of an episode: those of the running robot, plus what only a demonstration carries."""

from __future__ import annotations

WRIST_IMAGE = "wrist_camera/image"
CAMERA_INFO = "wrist_camera/camera_info"
JOINT_STATES = "joint_states"
JOINT_TARGET = "joint_target"
"""The target that was executed, perturbation included."""
CLEAN_TARGET = "expert/joint_target"
"""The target the demonstrator meant: the label."""
ORACLE = "oracle/features"
"""Privileged state of the simulator as a (1, D) feature, for the oracle baseline only."""

ASYNCHRONOUS = "asynchronous"
"""Value of the metadata "sampling" where each stream runs at its own rate and steps are cut while reading. Without it,
an image, a joint reading and a target with one stamp are one step."""

METADATA_RECORD = "demonstration"
OUTCOME_RECORD = "outcome"


def full_name(namespace: str, topic: str) -> str:
    """Absolute topic name, e.g. `/xarm7/joint_states`."""
    return f"/{namespace.strip('/')}/{topic}"


def relative_name(topic: str) -> str:
    """Topic name without the robot's namespace."""
    parts = topic.strip("/").split("/", 1)
    return parts[1] if len(parts) == 2 else parts[0]
