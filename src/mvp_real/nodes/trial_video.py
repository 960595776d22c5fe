"""The video of a run, drawn in its own low-priority process so that it never disturbs the control loop.

The process rebuilds each scene from the generalised positions that the simulator publishes, and writes one
frame per
control step: the scene, what the encoder sees of the wrist image, and the commanded joints.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvp_real.nodes.parent import end_with_parent
from mvp_real.nodes.video_frame import FrameText, compose

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


class TrialVideo:
    """Hands samples to the drawing process.

    Args:
        folder: Where `video.mp4` and `still.png` go.
        port: Port of the live view on 127.0.0.1, or 0 for none.
    """

    def __init__(self, folder: Path, port: int = 0) -> None:
        context = multiprocessing.get_context("spawn")
        self._queue: Any = context.Queue()
        self._done: Any = context.SimpleQueue()
        self._process: BaseProcess = context.Process(
            target=_draw, args=(self._queue, self._done, str(folder), port), daemon=True
        )
        self._process.start()
        self._last: SceneSample | None = None

    def begin(self, setup: dict[str, Any]) -> None:
        """A new scene."""
        self._queue.put(("begin", setup))

    def add(self, sample: SceneSample) -> None:
        """One frame."""
        self._last = sample
        self._queue.put(("frame", sample))

    def end(self, text: FrameText) -> None:
        """The result of the trial, shown for half a second; a success may become the still."""
        if self._last is not None:
            sample = self._last
            self._queue.put(("end", SceneSample(sample.qpos, sample.wrist, sample.targets, text)))
        self._last = None

    def backlog(self) -> int:
        """Frames that wait to be drawn."""
        return int(self._queue.qsize())

    def finish(self) -> None:
        """No more frames; `finished` tells when the files are written."""
        self._queue.put(("finish", None))

    @property
    def finished(self) -> bool:
        """Whether the drawing process has ended."""
        return not self._process.is_alive()

    def problem(self) -> str:
        """Empty after a good end, otherwise what went wrong."""
        if not self._done.empty():
            return str(self._done.get())
        return f"the drawing process ended with code {self._process.exitcode}"

    def abandon(self) -> None:
        """Close the files with what is drawn so far and end the process."""
        self._queue.cancel_join_thread()  # nobody will read what is left in it
        if self._process.is_alive():
            self._process.terminate()
            self._process.join(3.0)
        if self._process.is_alive():
            self._process.kill()


def _draw(samples: Any, done: Any, folder: str, port: int) -> None:
    end_with_parent()
    # Ctrl-C in the terminal is the parent's business; a SIGTERM must still close the video file.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})  # nodes block it, and a child inherits that
    signal.signal(signal.SIGTERM, _leave)
    with contextlib.suppress(OSError):
        os.nice(5)
    try:
        _Drawing(Path(folder), port).run(samples)
        done.put("")
    except Exception as error:  # the run itself must not fail because of its video
        done.put(f"{type(error).__name__}: {error}")


def _leave(number: int, frame: object) -> None:
    raise SystemExit(0)


class _Drawing:
    """What happens in the drawing process."""

    def __init__(self, folder: Path, port: int) -> None:
        import imageio_ffmpeg

        from mvp_real.nodes.live_view import LiveView
        from mvp_real.tasks.pick_fruit_world import PickFruitWorld

        self._folder = folder
        self._live = LiveView(port) if port else None
        self._world = PickFruitWorld()
        self._still: NDArray[np.uint8] | None = None
        self._best = -1
        width, height = 960, 480
        self._movie = imageio_ffmpeg.write_frames(
            str(folder / "video.mp4"),
            (width, height),
            fps=FRAMES_PER_SECOND,
            codec="libx264",
            pix_fmt_out="yuv420p",
            macro_block_size=16,
            output_params=["-preset", "veryfast", "-crf", "24", "-movflags", "+faststart", "-threads", "1"],
            ffmpeg_log_level="error",
        )
        self._movie.send(None)

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
