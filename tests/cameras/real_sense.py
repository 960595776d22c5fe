"""The real library with software devices, for the tests of the camera."""

from __future__ import annotations

import queue
import time

import numpy as np

from mvp_real.cameras.realsense import CameraState, CameraStatus, RealSenseCamera
from mvp_real.errors import MvpRealError
from mvp_real.messages import Frame

PATIENCE = 30.0  # s
RATE = 30


def noise(sequence: int, height: int = 480, width: int = 640) -> np.ndarray:
    return np.random.default_rng(sequence).integers(0, 256, (height, width, 3), dtype=np.uint8)


class Feed:
    """Frames that a test hands to a software device, one by one.

    Attributes:
        connections: How often it was opened.
        refused: While true nobody can open it.
    """

    def __init__(self) -> None:
        self.connections = 0
        self.refused = False
        self._frames: queue.Queue[Frame | None] = queue.Queue()

    def connect(self) -> Feed:
        if self.refused:
            raise MvpRealError("the cable is out")
        self.connections += 1
        self._frames = queue.Queue()
        return self

    def put(self, sequence: int, image: np.ndarray | None = None, stamp: float | None = None) -> Frame:
        frame = Frame(
            noise(sequence) if image is None else image, time.time() if stamp is None else stamp, sequence
        )
        self._frames.put(frame)
        return frame

    def unplug(self) -> None:
        self.refused = True
        self._frames.put(None)

    def read(self, timeout: float) -> Frame | None:
        try:
            frame = self._frames.get(timeout=timeout)
        except queue.Empty:
            return None
        if frame is None:
            raise MvpRealError("the cable was pulled")
        return frame

    def close(self) -> None:
        pass


def until(condition, what: str) -> None:  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited {PATIENCE} s in vain until {what}"
        time.sleep(0.002)


def until_state(camera: RealSenseCamera, state: CameraState) -> CameraStatus:
    until(lambda: camera.status().state is state, f"the camera is {state}; it is {camera.status()}")
    return camera.status()
