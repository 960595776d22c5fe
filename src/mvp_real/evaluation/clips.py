"""Short videos of trials: the scene from outside with the wrist camera's view in its corner."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mvp_real.errors import MvpRealError, require

WIDTH, HEIGHT = 320, 240
INSET = 96
SPEED = 2  # times real time


def compose(scene: NDArray[np.uint8], wrist: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """One frame: the scene (HEIGHT, WIDTH, 3) with the lower centre of the wrist image in its upper right.

    Args:
        scene: (HEIGHT, WIDTH, 3) RGB.
        wrist: (480, 640, 3) RGB; what the encoder sees of it is shown, see `cameras.preprocessing`.
    """
    frame: NDArray[np.uint8] = scene.copy()
    seen = wrist[32:480, 96:544]
    rows = np.arange(INSET) * seen.shape[0] // INSET
    frame[4 : 4 + INSET, WIDTH - 4 - INSET : WIDTH - 4] = seen[rows][:, rows]
    frame[3, WIDTH - 5 - INSET : WIDTH - 3] = frame[4 + INSET, WIDTH - 5 - INSET : WIDTH - 3] = 255
    frame[3 : 5 + INSET, WIDTH - 5 - INSET] = frame[3 : 5 + INSET, WIDTH - 4] = 255
    return frame


def write_clip(frames: Sequence[NDArray[np.uint8]], path: Path, period: float) -> Path:
    """Write an H.264 MP4 at `SPEED` times real time.

    Args:
        frames: (HEIGHT, WIDTH, 3) RGB each.
        path: Target, ending in .mp4.
        period: Time between frames, s.

    Raises:
        MvpRealError: No frames, imageio-ffmpeg is absent, or the encoder failed.
    """
    if not frames:
        raise MvpRealError(f"no frames for the clip '{path}'")
    ffmpeg = require("imageio_ffmpeg", "sim").get_ffmpeg_exe()
    path.parent.mkdir(parents=True, exist_ok=True)
    height, width, _ = frames[0].shape
    command = [
        ffmpeg, "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}",
        "-r", f"{SPEED / period:g}", "-i", "-", "-c:v", "libx264", "-preset", "veryfast", "-crf", "30",
        "-pix_fmt", "yuv420p", "-movflags", "+faststart", "-threads", "1", str(path),
    ]  # fmt: skip
    done = subprocess.run(command, input=b"".join(map(bytes, frames)), capture_output=True)
    if done.returncode != 0:
        raise MvpRealError(
            f"the clip '{path}' was not written: {done.stderr.decode(errors='replace').strip()}"
        )
    return path
