"""The camera node as a process, the emulator in front of it, and a test that listens."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import CameraInfo, Image

from mvp_real.nodes.quality import SENSOR
from mvp_real.systems.environment import system_environment
from mvp_real.systems.process import executable_path
from tests.nodes.bringup import PATIENCE, free_domain


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


class CameraRun:
    """The node as a process, and a test that listens to it.

    Attributes:
        images: Arrived images with the host's time of arrival.
        infos: Camera infos.
        status: Newest diagnostics: level, message, values.
    """

    def __init__(self, log: Path, **parameters: object) -> None:
        domain = free_domain()
        self.environment = environment = system_environment() | {"ROS_DOMAIN_ID": str(domain)}
        arguments = [
            part for key, value in parameters.items() for part in ("-p", f"{key}:={json.dumps(value)}")
        ]
        self._log = log
        with log.open("wb") as stream:
            self.process = subprocess.Popen(
                [str(executable_path("camera")), "--ros-args", "-r", "__ns:=/xarm7", *arguments],
                env=environment,
                stdout=stream,
                stderr=subprocess.STDOUT,
            )
        os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
        os.environ["FASTDDS_DEFAULT_PROFILES_FILE"] = environment["FASTDDS_DEFAULT_PROFILES_FILE"]
        self.images: list[tuple[Image, float]] = []
        self.infos: list[CameraInfo] = []
        self.status: tuple[int, str, dict[str, str]] = (-1, "", {})
        self._context = rclpy.Context()
        rclpy.init(context=self._context, domain_id=domain, signal_handler_options=SignalHandlerOptions.NO)
        self.node = rclpy.create_node("tester", namespace="xarm7", context=self._context)
        self.node.create_subscription(
            Image, "wrist_camera/image", lambda m: self.images.append((m, time.time())), SENSOR
        )
        self.node.create_subscription(CameraInfo, "wrist_camera/camera_info", self.infos.append, SENSOR)
        self.node.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def until(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, (
                f"waited in vain until {what}; {self.status}; {self._log.read_text()}"
            )
            time.sleep(0.01)

    def until_level(self, level: int, text: str = "") -> None:
        self.until(lambda: self.status[0] == level and text in self.status[1], f"level {level} with '{text}'")

    def flowing(self) -> None:
        """New images arrive."""
        count = len(self.images)
        self.until(lambda: len(self.images) > count + 3, "images flow")

    def close(self) -> int:
        code = end(self.process)  # type: ignore[arg-type]
        self._executor.shutdown()
        rclpy.try_shutdown(context=self._context)
        self._thread.join(5)
        return code

    def _spin(self) -> None:
        with contextlib.suppress(ExternalShutdownException):
            self._executor.spin()

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            values = {value.key: value.value for value in status.values}
            self.status = (int.from_bytes(status.level, "little"), status.message, values)
