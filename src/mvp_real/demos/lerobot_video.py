"""Videos of an exported data set, with PyAV."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvp_real.demos.lerobot_layout import VIDEO_PATH, FilePlace
from mvp_real.errors import require

QUALITY = 18
"""Constant rate factor of x264: visually lossless."""
KEY_FRAME_DISTANCE = 2
"""Frames between key frames, so that single frames are read fast, as lerobot's own videos have it."""


class CameraVideo:
    """One camera's files: frames of many episodes one after another.

    Args:
        root: Folder of the data set.
        key: The camera's feature key.
        frames_per_second: Of the video.
        limit: Bytes after which the next episode begins another file.

    Attributes:
        place: The file that is being written.
    """

    def __init__(self, root: Path, key: str, frames_per_second: int, limit: float) -> None:
        self._av = require("av", "lerobot")
        self._root, self._key, self._rate, self._limit = root, key, frames_per_second, limit
        self.place = FilePlace()
        self._container: Any = None
        self._stream: Any = None
        self._path = Path()
        self.frames = 0

    def begin(self) -> float:
        """Make ready for an episode; the time at which it begins in its file, s."""
        if self._container is not None and self._path.stat().st_size > self._limit:
            self.close()
            self.place.advance()
        return self.frames / self._rate

    def add(self, image: NDArray[np.uint8]) -> None:
        """Append a frame, (H, W, 3) uint8 RGB."""
        if self._container is None:
            self._open(*image.shape[:2])
        frame = self._av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
        frame.pts = self.frames
        self._container.mux(self._stream.encode(frame))
        self.frames += 1

    def close(self) -> None:
        """Finish the file."""
        if self._container is not None:
            self._container.mux(self._stream.encode())
            self._container.close()
            self._container = None
            self.frames = 0

    def _open(self, height: int, width: int) -> None:
        place = {"chunk_index": self.place.chunk_index, "file_index": self.place.file_index}
        self._path = self._root / VIDEO_PATH.format(video_key=self._key, **place)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._container = self._av.open(str(self._path), "w")
        options = {"crf": str(QUALITY), "g": str(KEY_FRAME_DISTANCE), "preset": "fast", "bf": "0"}
        self._stream = self._container.add_stream("libx264", rate=self._rate, options=options)
        self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "yuv420p"
