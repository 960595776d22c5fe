"""The camera node as a process, the emulator in front of it, and a test that listens."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

from sensor_msgs.msg import CameraInfo, Image

from mvp_real.nodes.quality import SENSOR

from .live_graph import LiveGraph, node_command


def emulator(*arguments: str) -> tuple[subprocess.Popen[str], dict[str, str]]:
    """`mvp_real emulate realsense` as a process, and what it says when it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-m", "mvp_real", "emulate", "realsense", *arguments],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    assert ready["ready"]
    return process, ready


def end(process: subprocess.Popen[str]) -> int:
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        return process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        raise


class CameraRun(LiveGraph):
    """The node as a process, and a test that listens to it.

    Attributes:
        images: Arrived images with the host's time of arrival.
        infos: Camera infos.
    """

    def __init__(self, logs: Path, **parameters: object) -> None:
        settings = {key: json.dumps(value) for key, value in parameters.items()}
        super().__init__(logs, "xarm7", {"camera": node_command("camera", "xarm7", settings)})
        self.images: list[tuple[Image, float]] = []
        self.infos: list[CameraInfo] = []
        self.node.create_subscription(
            Image, "wrist_camera/image", lambda m: self.images.append((m, time.time())), SENSOR
        )
        self.node.create_subscription(CameraInfo, "wrist_camera/camera_info", self.infos.append, SENSOR)
        self.listen()

    @property
    def status(self) -> tuple[int, str, dict[str, str]]:
        """Newest diagnostics: level, message, values."""
        return self.diagnostics.get("/xarm7/camera", (-1, "", {}))

    def situation(self) -> str:
        return f"{self.status}; {self.log('camera')}"

    def until_level(self, level: int, text: str = "") -> None:
        self.until(lambda: self.status[0] == level and text in self.status[1], f"level {level} with '{text}'")

    def flowing(self) -> None:
        """New images arrive."""
        count = len(self.images)
        self.until(lambda: len(self.images) > count + 3, "images flow")
