"""The video of a walk: the robot, and beside it command and speed, contacts and tilt of the last seconds.

The drawing process rebuilds each scene from the generalised positions that the simulator publishes, 25 frames per
simulated second: real time at `speed:=1`.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvp_real.messages import FloatArray
from mvp_real.nodes.video_frame import FrameText
from mvp_real.nodes.video_process import VideoProcess, open_movie
from mvp_real.nodes.walk_frame import SHOWN_FRAMES, WalkCurves, compose_walk

FRAMES_PER_SECOND = 25
SIZE = (960, 480)


@dataclass(frozen=True)
class WalkSample:
    """What one frame shows.

    Attributes:
        qpos: (nq,) generalised positions of the full model.
        command, velocity: (3,) forward and sideways in m/s, turn in rad/s.
        forces: (2,) on the left and the right sole, N.
        tilt: rad.
        text: Captions.
    """

    qpos: FloatArray
    command: FloatArray
    velocity: FloatArray
    forces: FloatArray
    tilt: float
    text: FrameText


class WalkVideo(VideoProcess):
    """Hands samples to the drawing process.

    Args:
        folder: Where `video.mp4` and `still.png` go.
        port: Port of the live view on 127.0.0.1, or 0 for none.
        terrain: As the simulator's parameter.
        payload: kg.
    """

    def __init__(self, folder: Path, port: int, terrain: str, payload: float) -> None:
        super().__init__(_WalkDrawing, folder, port, terrain, payload)

    def add(self, sample: WalkSample) -> None:
        """One frame."""
        self.put("frame", sample)

    def end(self, text: FrameText) -> None:
        """The result, shown for a second; the last picture becomes the still."""
        self.put("end", text)


class _WalkDrawing:
    """What happens in the drawing process."""

    def __init__(self, folder: Path, port: int, terrain: str, payload: float) -> None:
        import mujoco

        from mvp_real.nodes.live_view import LiveView
        from mvp_real.nodes.walk_terrain import parse_terrain
        from mvp_real.sim.digit import full_model
        from mvp_real.sim.rendering import OffscreenRenderer
        from mvp_real.sim.simulated_digit import add_payload

        self._folder = folder
        self._live = LiveView(port) if port else None
        spec = full_model(terrain=parse_terrain(terrain))
        if payload > 0.0:
            add_payload(spec, payload)
        self._mujoco = mujoco
        self._model = spec.compile()
        self._data = mujoco.MjData(self._model)
        self._renderer = OffscreenRenderer(self._model, samples=0)
        self._curves: deque[WalkSample] = deque(maxlen=SHOWN_FRAMES)
        self._movie = open_movie(folder / "video.mp4", SIZE, FRAMES_PER_SECOND)

    def run(self, samples: Any) -> None:
        try:
            while True:
                kind, payload = samples.get()
                if kind == "finish":
                    break
                if kind == "frame":
                    self._curves.append(payload)
                    self._movie.send(self._frame(payload.text))
                elif self._curves:
                    frame = self._frame(payload)
                    for _ in range(FRAMES_PER_SECOND):
                        self._movie.send(frame)
                    self._write_still(payload)
        finally:
            self._movie.close()
            self._renderer.close()

    def _frame(self, text: FrameText) -> NDArray[np.uint8]:
        frame = compose_walk(self._picture(640, 480), self._curve_arrays(), text)
        if self._live is not None:
            self._live.show(frame)
        return frame

    def _picture(self, width: int, height: int, shadows: bool = False) -> NDArray[np.uint8]:
        self._data.qpos[:] = self._curves[-1].qpos
        self._mujoco.mj_kinematics(self._model, self._data)
        self._mujoco.mj_camlight(self._model, self._data)
        return self._renderer.render(self._data, "scene", width, height, shadows=shadows)

    def _curve_arrays(self) -> WalkCurves:
        samples = self._curves
        return WalkCurves(
            command=np.array([sample.command for sample in samples]),
            velocity=np.array([sample.velocity for sample in samples]),
            contact=np.array([sample.forces for sample in samples]) > 1.0,
            tilt=np.array([sample.tilt for sample in samples]),
        )

    def _write_still(self, text: FrameText) -> None:
        import cv2

        still = compose_walk(self._picture(960, 720, shadows=True), self._curve_arrays(), text)
        cv2.imwrite(str(self._folder / "still.png"), still[:, :, ::-1])
