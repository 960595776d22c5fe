"""Between the package's records and ROS messages, copying as little as possible."""

from __future__ import annotations

import array

import numpy as np
from builtin_interfaces.msg import Duration, Time
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, Image, JointState
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from mvp_real.messages import Feature, Frame, JointReading, JointTarget

NANOSECONDS = 1_000_000_000


def time_message(seconds: float) -> Time:
    """`builtin_interfaces/Time` of a time in seconds, not below 0."""
    whole, rest = divmod(max(0, round(seconds * NANOSECONDS)), NANOSECONDS)
    return Time(sec=whole, nanosec=rest)


def seconds(stamp: Time | Duration) -> float:
    """Seconds of a time or duration message."""
    return float(stamp.sec + stamp.nanosec / NANOSECONDS)


def nanoseconds(stamp: Time) -> int:
    """A time message as whole nanoseconds: exact, so fit to compare stamps."""
    return int(stamp.sec) * NANOSECONDS + int(stamp.nanosec)


def _bytes(values: NDArray[np.generic]) -> array.array[int]:
    # A ready array('B') is taken as it is; a numpy array would be checked element by element (82 ms an
    # image).
    data = array.array("B")
    data.frombytes(memoryview(np.ascontiguousarray(values)).cast("B"))
    return data


def image_message(image: NDArray[np.uint8], stamp: float, frame_id: str) -> Image:
    """`sensor_msgs/Image` rgb8 of an (H, W, 3) uint8 image."""
    height, width, _ = image.shape
    message = Image(height=height, width=width, encoding="rgb8", step=3 * width)
    message.header.stamp = time_message(stamp)
    message.header.frame_id = frame_id
    message.data = _bytes(image)
    return message


def camera_info_message(header: Header, width: int, height: int, focal: float) -> CameraInfo:
    """`sensor_msgs/CameraInfo` of an ideal pinhole camera: `focal` in px, principal point in the middle."""
    x, y = (width - 1) / 2, (height - 1) / 2
    message = CameraInfo(header=header, height=height, width=width, distortion_model="plumb_bob", d=[0.0] * 5)
    message.k = [focal, 0.0, x, 0.0, focal, y, 0.0, 0.0, 1.0]
    message.r = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    message.p = [focal, 0.0, x, 0.0, 0.0, focal, y, 0.0, 0.0, 0.0, 1.0, 0.0]
    return message


def frame(message: Image, sequence: int) -> Frame:
    """The image of an rgb8 message, without a copy.

    Raises:
        ValueError: Another encoding or a size that does not match the data; the text names what came.
    """
    if message.encoding != "rgb8":
        raise ValueError(f"image has encoding '{message.encoding}', expected rgb8")
    expected = message.height * message.width * 3
    if len(message.data) != expected or message.step != 3 * message.width:
        raise ValueError(
            f"image of {message.width}x{message.height} has {len(message.data)} bytes "
            f"and step {message.step}, expected {expected} bytes without padding"
        )
    pixels = np.frombuffer(message.data, np.uint8).reshape(message.height, message.width, 3)
    return Frame(pixels, seconds(message.header.stamp), sequence)


def feature_message(feature: Feature, frame_id: str) -> Image:
    """`sensor_msgs/Image` 32FC1 of a (T, D) feature: one row a token."""
    rows, columns = feature.tokens.shape
    message = Image(height=rows, width=columns, encoding="32FC1", step=4 * columns)
    message.header.stamp = time_message(feature.stamp)
    message.header.frame_id = frame_id
    message.data = _bytes(feature.tokens.astype("<f4", copy=False))
    return message


def feature(message: Image) -> Feature:
    """The (T, D) feature of a 32FC1 message.

    Raises:
        ValueError: Another encoding, byte order or size.
    """
    expected = 4 * message.height * message.width
    if message.encoding != "32FC1" or message.is_bigendian or len(message.data) != expected:
        raise ValueError(
            f"feature of {message.height}x{message.width} has encoding '{message.encoding}' and "
            f"{len(message.data)} bytes, expected 32FC1 and {expected} bytes"
        )
    tokens = np.frombuffer(message.data, "<f4").reshape(message.height, message.width)
    return Feature(tokens, seconds(message.header.stamp))


def joint_state_message(reading: JointReading) -> JointState:
    """`sensor_msgs/JointState` of measured joints."""
    message = JointState(name=list(reading.names))
    message.header.stamp = time_message(reading.stamp)
    message.position = reading.position.tolist()
    message.velocity = [] if reading.velocity is None else reading.velocity.tolist()
    message.effort = [] if reading.effort is None else reading.effort.tolist()
    return message


def joint_reading(message: JointState) -> JointReading:
    """Measured joints of a message, names and lengths as they came."""
    velocity = np.array(message.velocity, dtype=np.float64) if len(message.velocity) else None
    effort = np.array(message.effort, dtype=np.float64) if len(message.effort) else None
    position = np.array(message.position, dtype=np.float64)
    return JointReading(tuple(message.name), position, velocity, seconds(message.header.stamp), effort)


def target_message(target: JointTarget) -> JointTrajectory:
    """`trajectory_msgs/JointTrajectory` with one point, to be reached after `duration`."""
    whole, rest = divmod(round(target.duration * NANOSECONDS), NANOSECONDS)
    point = JointTrajectoryPoint(
        positions=target.position.tolist(), time_from_start=Duration(sec=whole, nanosec=rest)
    )
    message = JointTrajectory(joint_names=list(target.names), points=[point])
    message.header.stamp = time_message(target.stamp)
    return message


def hold_message(names: tuple[str, ...], stamp: float) -> JointTrajectory:
    """A trajectory without points: "no new target, stay", computed from the image of `stamp`."""
    message = JointTrajectory(joint_names=list(names))
    message.header.stamp = time_message(stamp)
    return message


def joint_target(message: JointTrajectory) -> JointTarget | None:
    """The target of a message; None for one without points, which means to hold."""
    if not message.points:
        return None
    point = message.points[0]
    return JointTarget(
        tuple(message.joint_names),
        np.array(point.positions, dtype=np.float64),
        seconds(message.header.stamp),
        seconds(point.time_from_start),
    )
