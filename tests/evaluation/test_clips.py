from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mvp_real.errors import MvpRealError
from mvp_real.evaluation.clips import HEIGHT, INSET, SPEED, WIDTH, compose, write_clip


def test_the_inset_shows_what_the_encoder_sees() -> None:
    scene = np.full((HEIGHT, WIDTH, 3), 40, dtype=np.uint8)
    wrist = np.zeros((480, 640, 3), dtype=np.uint8)
    wrist[32:480, 96:544] = (200, 100, 50)
    frame = compose(scene, wrist)
    inset = frame[4 : 4 + INSET, WIDTH - 4 - INSET : WIDTH - 4]
    assert (inset == (200, 100, 50)).all()
    assert (frame[120:] == 40).all()
    assert (scene == 40).all()


def test_a_clip_plays_all_frames_at_its_speed(tmp_path: Path) -> None:
    imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg")
    frames = [np.full((HEIGHT, WIDTH, 3), 8 * i, dtype=np.uint8) for i in range(30)]
    path = write_clip(frames, tmp_path / "clips" / "a.mp4", period=0.2)
    reader = imageio_ffmpeg.read_frames(str(path))
    meta = next(reader)
    shown = [np.frombuffer(frame, dtype=np.uint8).mean() for frame in reader]
    assert meta["size"] == (WIDTH, HEIGHT)
    assert meta["fps"] == pytest.approx(SPEED / 0.2)
    assert len(shown) == 30
    assert np.abs(np.array(shown) - 8 * np.arange(30)).max() < 4


def test_a_clip_without_frames_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MvpRealError, match="no frames"):
        write_clip([], tmp_path / "a.mp4", 0.2)
