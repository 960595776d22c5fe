"""Node `dashboard`: shows a running robot in the Rerun viewer, or writes the same to a file.

It only listens: camera, measured and wanted joints, the states of driver, mapping, policy and recorder, and the
latencies of the diagnostics. Images are shown at most `image_rate` times a second.
"""

from __future__ import annotations

import contextlib
import json
import math
from urllib.parse import quote

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from sensor_msgs.msg import CompressedImage, Image, JointState
from std_msgs.msg import String
from trajectory_msgs.msg import JointTrajectory

from mvp_real.errors import MvpRealError
from mvp_real.nodes import conversions
from mvp_real.nodes.dashboard_record import DashboardRecord
from mvp_real.nodes.diagnostics import OK, WARN, Report
from mvp_real.nodes.managed_node import ManagedNode
from mvp_real.nodes.parameters import declare
from mvp_real.nodes.quality import COMMAND, LATCHED, SENSOR
from mvp_real.nodes.runner import run_node
from mvp_real.nodes.teleop_messages import ros_now

SPEAKERS = ("arm", "sim_bridge", "hand", "teleop_mapping", "controller", "recorder", "emulated_world")
MILLISECONDS = "(ms)"


class Dashboard(ManagedNode):
    """See the module; parameters describe themselves (`ros2 param describe`)."""

    def __init__(self) -> None:
        super().__init__("dashboard", "viewer")
        self._save = declare(self, "save", "", "File (.rrd) to write instead of showing it.", read_only=True)
        self._show = declare(
            self, "show", "window", "window, or web for a page on port 9090.", read_only=True
        )
        self._rate = declare(self, "image_rate", 10.0, "Images per second.", (0.5, 60.0), read_only=True)
        self._camera = declare(self, "camera", "wrist_camera", "Namespace of the camera.", read_only=True)
        self._record: DashboardRecord | None = None
        self._states: dict[str, tuple[str, str]] = {}
        self._image_at = -math.inf
        self._shown = 0

    def configure(self) -> None:
        if self._show not in ("window", "web"):
            raise MvpRealError(f"show is '{self._show}'; use window or web")
        self._record = DashboardRecord(
            f"mvp_real {self.get_namespace().strip('/')}", self._save, self._show == "web"
        )
        self.create_subscription(Image, f"{self._camera}/image", self._on_image, SENSOR)
        self.create_subscription(
            CompressedImage, f"{self._camera}/image/compressed", self._on_compressed, SENSOR
        )
        self.create_subscription(JointState, "joint_states", self._on_joints, SENSOR)
        self.create_subscription(JointTrajectory, "joint_target", self._on_target, COMMAND)
        self.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)
        for name in SPEAKERS:
            self.create_subscription(
                String, f"{name}/status", lambda message, name=name: self._on_status(name, message), LATCHED
            )
        where = (
            self._record.address
            and f"; page: http://127.0.0.1:9090/?url={quote(self._record.address, safe=':/')}"
        )
        self.get_logger().info(f"dashboard ready{': ' + self._save if self._save else where}")

    def shut_down(self) -> None:
        super().shut_down()
        if self._record is not None:
            self._record.close()

    def _due(self, stamp: float) -> bool:
        """Whether it is time for another image."""
        if 0.0 <= stamp - self._image_at < 1.0 / self._rate:
            return False
        self._image_at = stamp
        self._shown += 1
        return True

    def _on_image(self, message: Image) -> None:
        stamp = conversions.seconds(message.header.stamp)
        if not self._due(stamp):
            return
        try:
            self._record.image("camera", conversions.frame(message, self._shown).image, stamp)
        except ValueError as error:
            self.get_logger().warning(f"image not shown: {error}", throttle_duration_sec=10.0)

    def _on_compressed(self, message: CompressedImage) -> None:
        stamp = conversions.seconds(message.header.stamp)
        if self._due(stamp):
            self._record.compressed_image("camera", bytes(message.data), stamp)

    def _on_joints(self, message: JointState) -> None:
        stamp = conversions.seconds(message.header.stamp)
        self._record.joints("measured", message.name, np.array(message.position), stamp)

    def _on_target(self, message: JointTrajectory) -> None:
        if message.points:
            stamp = conversions.seconds(message.header.stamp)
            self._record.joints("target", message.joint_names, np.array(message.points[0].positions), stamp)

    def _on_status(self, name: str, message: String) -> None:
        status = json.loads(message.data)
        state = str(status.get("state", "")), str(status.get("reason") or status.get("message") or "")
        if state[0] and state != self._states.get(name):
            self._states[name] = state
            self._record.state(name, *state, float(status.get("stamp") or ros_now(self)))

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        stamp, own = ros_now(self), self.get_namespace().rstrip("/") + "/"
        for status in message.status:
            if not status.name.startswith(own):
                continue  # another robot's: the topic is everybody's
            found = {value.key: value.value for value in status.values if value.key.endswith(MILLISECONDS)}
            times = {}
            for key, text in found.items():
                with contextlib.suppress(ValueError):  # another package's idea of a value
                    times[key.removesuffix(MILLISECONDS).strip()] = float(text)
            self._record.times(status.name.rsplit("/", 1)[-1], times, stamp)

    def report(self) -> Report:
        return (OK if self._record is not None else WARN), f"{self._shown} images shown", {"file": self._save}


def main() -> int:
    """Entry point of `lib/mvp_real/dashboard`."""
    return run_node(Dashboard)
