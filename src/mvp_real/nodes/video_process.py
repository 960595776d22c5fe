"""A video that is drawn in its own low-priority process, so that it never disturbs a control loop."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from mvp_real.parent import end_with_parent


class VideoProcess:
    """Hands samples to the drawing process.

    Args:
        drawing: Makes what draws, in the process; its `run(samples)` takes `(kind, payload)` from a queue until the
            kind is "finish".
        arguments: Of `drawing`.
    """

    def __init__(self, drawing: Callable[..., Any], *arguments: Any) -> None:
        context = multiprocessing.get_context("spawn")
        self._queue: Any = context.Queue()
        self._done: Any = context.SimpleQueue()
        self._process: BaseProcess = context.Process(
            target=_draw, args=(self._queue, self._done, drawing, arguments), daemon=True
        )
        self._process.start()

    def put(self, kind: str, payload: Any) -> None:
        """Hand over one sample."""
        self._queue.put((kind, payload))

    def backlog(self) -> int:
        """Frames that wait to be drawn."""
        return int(self._queue.qsize())

    def finish(self) -> None:
        """No more frames; `finished` tells when the files are written."""
        self.put("finish", None)

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


def open_movie(path: Path, size: tuple[int, int], frames_per_second: int) -> Any:
    """A generator that takes (H, W, 3) uint8 RGB frames with `send`, and `close`.

    Args:
        path: The mp4 file.
        size: Width and height, multiples of 16, px.
        frames_per_second: Of the video.
    """
    import imageio_ffmpeg

    movie = imageio_ffmpeg.write_frames(
        str(path),
        size,
        fps=frames_per_second,
        codec="libx264",
        pix_fmt_out="yuv420p",
        macro_block_size=16,
        output_params=["-preset", "veryfast", "-crf", "24", "-movflags", "+faststart", "-threads", "1"],
        ffmpeg_log_level="error",
    )
    movie.send(None)
    return movie


def _draw(samples: Any, done: Any, drawing: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    end_with_parent()
    # Ctrl-C in the terminal is the parent's business; a SIGTERM must still close the video file.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})  # nodes block it, and a child inherits that
    signal.signal(signal.SIGTERM, _leave)
    with contextlib.suppress(OSError):
        os.nice(5)
    try:
        drawing(*arguments).run(samples)
        done.put("")
    except Exception as error:  # the run itself must not fail because of its video
        done.put(f"{type(error).__name__}: {error}")


def _leave(number: int, frame: object) -> None:
    raise SystemExit(0)
