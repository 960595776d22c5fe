"""Processes of `recorder.py`: the streams of a robot with two cameras, and a straightforward recorder as its peer."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

CAMERAS = ("wrist_camera/image", "scene_camera/image")
HEIGHT, WIDTH = 480, 640
CAMERA_RATE, JOINT_RATE = 30, 100
NAMES = (*(f"joint{i}" for i in range(1, 8)), "gripper")
RING = 30  # different images per camera


def pictures(seed: int) -> list[np.ndarray]:
    """A moving scene with the noise of a sensor, (480, 640, 3) uint8 each."""
    import cv2

    random = np.random.default_rng(seed)
    scene = cv2.resize(random.uniform(0, 255, (24, 36, 3)).astype(np.float32), (WIDTH + 2 * RING, HEIGHT))
    found = []
    for number in range(RING):
        view = scene[:, 2 * number : 2 * number + WIDTH] + random.normal(0, 3, (HEIGHT, WIDTH, 3))
        found.append(np.clip(view, 0, 255).astype(np.uint8))
    return found


def publish(seconds: float, report: Path) -> None:
    """Send all streams on an even grid, and write down the stamps (ns) of what was sent."""
    import rclpy
    from sensor_msgs.msg import Image, JointState

    from mvp_real.messages import JointReading
    from mvp_real.nodes import conversions
    from mvp_real.nodes.quality import SENSOR

    rclpy.init()
    node = rclpy.create_node("streams", namespace="xarm7")
    images = {topic: node.create_publisher(Image, topic, SENSOR) for topic in CAMERAS}
    joints = node.create_publisher(JointState, "joint_states", SENSOR)
    ready = {topic: pictures(seed) for seed, topic in enumerate(CAMERAS)}
    messages = {t: [conversions.image_message(p, 0.0, "camera") for p in ready[t]] for t in CAMERAS}
    sent: dict[str, list[int]] = {topic: [] for topic in (*CAMERAS, "joint_states")}
    period = 1 / (CAMERA_RATE * JOINT_RATE)
    print("ready", flush=True)
    began = time.time()
    tick = 0
    while (now := time.time()) < began + seconds:
        due = began + tick * period
        if now < due:
            time.sleep(due - now)
        if tick % CAMERA_RATE == 0:
            reading = JointReading(NAMES, np.sin(tick * 1e-4 * np.arange(8)), np.zeros(8), time.time())
            message = conversions.joint_state_message(reading)
            joints.publish(message)
            sent["joint_states"].append(conversions.nanoseconds(message.header.stamp))
        for topic in CAMERAS if tick % JOINT_RATE == 0 else ():
            image = messages[topic][tick // JOINT_RATE % RING]
            image.header.stamp = conversions.time_message(time.time())
            images[topic].publish(image)
            sent[topic].append(conversions.nanoseconds(image.header.stamp))
        tick += 10  # the common divisor of both grids
    report.write_text(json.dumps(sent))
    rclpy.shutdown()


def record_as_video(folder: Path, preset: str) -> None:
    """The peer: each camera into an mp4 with PyAV, joints and stamps into parquet with pyarrow, until SIGINT."""
    import av
    import pyarrow
    import pyarrow.parquet
    import rclpy
    from rclpy.executors import ExternalShutdownException
    from rclpy.qos import QoSProfile, ReliabilityPolicy
    from rclpy.signals import SignalHandlerOptions
    from sensor_msgs.msg import Image, JointState

    folder.mkdir(parents=True)
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    node = rclpy.create_node("video_recorder", namespace="xarm7")
    quality = QoSProfile(depth=30, reliability=ReliabilityPolicy.BEST_EFFORT)
    containers: dict[str, Any] = {}
    streams: dict[str, Any] = {}
    stamps: dict[str, list[int]] = {topic: [] for topic in (*CAMERAS, "joint_states")}
    positions: list[list[float]] = []
    tables: list[Any] = []
    for topic in CAMERAS:
        containers[topic] = av.open(str(folder / f"{topic.split('/')[0]}.mp4"), "w")
        options = {"preset": preset} if preset else {}
        stream = containers[topic].add_stream("libx264", rate=CAMERA_RATE, options=options)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        streams[topic] = stream

    def on_image(topic: str, message: Image) -> None:
        pixels = np.frombuffer(message.data, np.uint8).reshape(HEIGHT, WIDTH, 3)
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
        frame.pts = len(stamps[topic])
        containers[topic].mux(streams[topic].encode(frame))
        stamps[topic].append(message.header.stamp.sec * 10**9 + message.header.stamp.nanosec)

    def on_joints(message: JointState) -> None:
        stamps["joint_states"].append(message.header.stamp.sec * 10**9 + message.header.stamp.nanosec)
        positions.append(list(message.position))
        if len(positions) == 1000:
            tables.append(pyarrow.table({"position": positions}))
            positions.clear()

    for topic in CAMERAS:
        node.create_subscription(Image, topic, lambda m, topic=topic: on_image(topic, m), quality)
    node.create_subscription(JointState, "joint_states", on_joints, quality)
    ended: list[int] = []
    signal.signal(signal.SIGINT, lambda *_: ended.append(1))
    print("ready", flush=True)
    try:
        while not ended:
            rclpy.spin_once(node, timeout_sec=0.1)
    except ExternalShutdownException:
        pass
    for topic in CAMERAS:
        containers[topic].mux(streams[topic].encode())
        containers[topic].close()
    if positions:
        tables.append(pyarrow.table({"position": positions}))
    if tables:
        pyarrow.parquet.write_table(pyarrow.concat_tables(tables), folder / "joints.parquet")
    for topic, values in stamps.items():
        path = folder / f"{topic.replace('/', '_')}_stamps.parquet"
        pyarrow.parquet.write_table(pyarrow.table({"stamp": values}), path)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("role", choices=("publish", "video"))
    parser.add_argument("path", type=Path)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--preset", default="")
    args = parser.parse_args()
    if args.role == "publish":
        publish(args.seconds, args.path)
    else:
        record_as_video(args.path, args.preset)
    sys.exit(0)
