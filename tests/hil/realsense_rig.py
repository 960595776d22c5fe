"""The wrist camera: node `camera` on an emulated or real RealSense."""

from __future__ import annotations

import threading
import time
from typing import Any

from sensor_msgs.msg import Image

from mvp_real.nodes.quality import SENSOR

from .processes import PATIENCE, Emulator, wait_until
from .rig import Rig

REPEATED = 3  # identical images in a row that mean a frozen camera
SILENT = 0.5  # s


class RealSenseRig(Rig):
    """States are the camera's own, "frozen" for an image that repeats, "silent" if even the node is gone."""

    device, node_name, namespace = "realsense", "camera", "xarm7"
    has_services = False

    def start_emulator(self) -> Emulator:
        options = ["--width", "320", "--height", "240", "--rate", "15"]
        return Emulator("realsense", options, self.logs, self.environment)

    def parameters(self) -> dict[str, Any]:
        if self.reach.real:
            return {"source": "realsense", "serial": self.reach.serial, "wait": 10.0}
        frames = str(self.emulator.ready["frames"]) if self.emulator else ""
        size = {"width": 320, "height": 240, "rate": 15}
        return {"source": "software", "frames": frames, "wait": 20.0, "stale_after": 0.3, **size}

    def connect_topics(self) -> None:
        self._image_at = 0.0
        self.node.create_subscription(Image, "wrist_camera/image", self._on_image, SENSOR)

    def moving(self) -> None:
        wait_until(lambda: self.state == "streaming", PATIENCE, f"images come; {self.history[-4:]}")

    def kill_driver(self) -> None:
        super().kill_driver()
        threading.Thread(target=self._note_silence, daemon=True).start()

    def _note_silence(self) -> None:
        if wait_until(lambda: time.monotonic() - self._image_at > SILENT, PATIENCE):
            self.note("silent", f"no image for {SILENT} s")

    def _on_image(self, message: Image) -> None:
        self._image_at = time.monotonic()

    def look(self, values: dict[str, str], text: str) -> None:
        super().look(values, text)
        state = values.get("state", "")
        if state == "streaming" and int(values["identical images in a row"]) >= REPEATED:
            state = "frozen"
        if state:
            self.note(state, text)
