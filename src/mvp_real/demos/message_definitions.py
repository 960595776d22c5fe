"""The standard ROS 2 message definitions that an episode embeds, so that any reader can decode it without
ROS.

Comments of the originals are left out; field names, types and order are those of common_interfaces.
"""

from __future__ import annotations

_SEPARATOR = "=" * 80

_PARTS = {
    "builtin_interfaces/Time": "int32 sec\nuint32 nanosec\n",
    "builtin_interfaces/Duration": "int32 sec\nuint32 nanosec\n",
    "std_msgs/Header": "builtin_interfaces/Time stamp\nstring frame_id\n",
    "sensor_msgs/RegionOfInterest": (
        "uint32 x_offset\nuint32 y_offset\nuint32 height\nuint32 width\nbool do_rectify\n"
    ),
    "trajectory_msgs/JointTrajectoryPoint": (
        "float64[] positions\nfloat64[] velocities\nfloat64[] accelerations\nfloat64[] effort\n"
        "builtin_interfaces/Duration time_from_start\n"
    ),
}

IMAGE = "sensor_msgs/msg/Image"
COMPRESSED_IMAGE = "sensor_msgs/msg/CompressedImage"
CAMERA_INFO = "sensor_msgs/msg/CameraInfo"
JOINT_STATE = "sensor_msgs/msg/JointState"
JOINT_TRAJECTORY = "trajectory_msgs/msg/JointTrajectory"


def _definition(own: str, *parts: str) -> str:
    sections = [own, *(f"{_SEPARATOR}\nMSG: {part}\n{_PARTS[part]}" for part in parts)]
    return "".join(sections)


DEFINITIONS: dict[str, str] = {
    IMAGE: _definition(
        "std_msgs/Header header\nuint32 height\nuint32 width\nstring encoding\nuint8 is_bigendian\nuint32 "
        "step\nuint8[] data\n",
        "std_msgs/Header",
        "builtin_interfaces/Time",
    ),
    COMPRESSED_IMAGE: _definition(
        "std_msgs/Header header\nstring format\nuint8[] data\n", "std_msgs/Header", "builtin_interfaces/Time"
    ),
    CAMERA_INFO: _definition(
        "std_msgs/Header header\nuint32 height\nuint32 width\nstring distortion_model\nfloat64[] "
        "d\nfloat64[9] k\n"
        "float64[9] r\nfloat64[12] p\nuint32 binning_x\nuint32 binning_y\nsensor_msgs/RegionOfInterest roi\n",
        "std_msgs/Header",
        "builtin_interfaces/Time",
        "sensor_msgs/RegionOfInterest",
    ),
    JOINT_STATE: _definition(
        "std_msgs/Header header\nstring[] name\nfloat64[] position\nfloat64[] velocity\nfloat64[] effort\n",
        "std_msgs/Header",
        "builtin_interfaces/Time",
    ),
    JOINT_TRAJECTORY: _definition(
        "std_msgs/Header header\nstring[] joint_names\ntrajectory_msgs/JointTrajectoryPoint[] points\n",
        "std_msgs/Header",
        "builtin_interfaces/Time",
        "trajectory_msgs/JointTrajectoryPoint",
        "builtin_interfaces/Duration",
    ),
}
"""Full text of each message type, in the form rosbag2 stores it (schema encoding `ros2msg`)."""
