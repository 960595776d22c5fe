"""The video of a run, drawn in its own low-priority process so that it never disturbs the control loop.

The process rebuilds each scene from the generalised positions that the simulator publishes, and writes one
frame per control step: the scene, what the encoder sees of the wrist image, and the commanded joints.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvp_real.nodes.video_frame import FrameText, compose
from mvp_real.nodes.video_process import VideoProcess, open_movie

FRAMES_PER_SECOND = 10  # one frame per control step of 0.2 s: twice real time


@dataclass(frozen=True)
class SceneSample:
    """What one frame shows.

    Attributes:
        qpos: Generalised positions of the model.
        wrist: (480, 640, 3) uint8 RGB, or None before the first image.
        targets: (n, 8) commanded joints so far.
        text: Captions.
    """

    qpos: NDArray[np.float64]
    wrist: NDArray[np.uint8] | None
    targets: NDArray[np.float64]
    text: FrameText


class TrialVideo(VideoProcess):
    """Hands samples to the drawing process.

    Args:
        folder: Where `video.mp4` and `still.png` go.
        port: Port of the live view on 127.0.0.1, or 0 for none.
    """

    def __init__(self, folder: Path, port: int = 0) -> None:
        super().__init__(_Drawing, folder, port)
        self._last: SceneSample | None = None

    def begin(self, setup: dict[str, Any]) -> None:
        """A new scene."""
        self.put("begin", setup)

    def add(self, sample: SceneSample) -> None:
        """One frame."""
        self._last = sample
        self.put("frame", sample)

    def end(self, text: FrameText) -> None:
        """The result of the trial, shown for half a second; a success may become the still."""
        if self._last is not None:
            sample = self._last
            self.put("end", SceneSample(sample.qpos, sample.wrist, sample.targets, text))
        self._last = None


class _Drawing:
    """What happens in the drawing process."""

    def __init__(self, folder: Path, port: int) -> None:
        from mvp_real.nodes.live_view import LiveView
        from mvp_real.tasks.pick_fruit_world import PickFruitWorld

        self._folder = folder
        self._live = LiveView(port) if port else None
        self._world = PickFruitWorld()
        self._still: NDArray[np.uint8] | None = None
        self._best = -1
        self._movie = open_movie(folder / "video.mp4", (960, 480), FRAMES_PER_SECOND)

    def run(self, samples: Any) -> None:
        from mvp_real.tasks.pick_fruit import EpisodeSetup

        try:
            while True:
                kind, payload = samples.get()
                if kind == "finish":
                    break
                if kind == "begin":
                    self._world.reset(EpisodeSetup.from_dict(payload))
                    continue
                frame = self._frame(payload)
                for _ in range(FRAMES_PER_SECOND // 2 if kind == "end" else 1):
                    self._movie.send(frame)
                if kind == "end":
                    self._consider_still(payload)
        finally:
            self._movie.close()
            self._world.close()
        if self._still is not None:
            import cv2

            cv2.imwrite(str(self._folder / "still.png"), self._still[:, :, ::-1])

    def _frame(self, sample: SceneSample) -> NDArray[np.uint8]:
        self._show(sample)
        frame = compose(self._world.scene_image(640, 480), sample.wrist, sample.targets, sample.text)
        if self._live is not None:
            self._live.show(frame)
        return frame

    def _show(self, sample: SceneSample) -> None:
        self._world.data.qpos[:] = sample.qpos

    def _consider_still(self, sample: SceneSample) -> None:
        """The first success, or the first trial as long as there is none."""
        rank = 1 if sample.text.good else 0
        if rank <= self._best:
            return
        self._best = rank
        self._show(sample)
        scene = self._world.scene_image(960, 720, shadows=True)
        self._still = compose(scene, sample.wrist, sample.targets, sample.text)
