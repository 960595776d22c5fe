"""Recordings of the real library: written from any frames, played through its pipeline, byte-identical."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mvp_real.cameras.intrinsics import pinhole
from mvp_real.cameras.realsense import CameraState, RealSenseCamera
from mvp_real.cameras.realsense_links import open_recording
from mvp_real.cameras.realsense_recorder import RealSenseRecorder
from mvp_real.errors import MvpRealError
from mvp_real.messages import Frame
from tests.cameras.real_sense import PATIENCE, RATE, noise, until_state

pytest.importorskip("pyrealsense2")
COUNT = 20
OLD = 1_600_000_000.0  # s; the day on which it was "recorded"


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("recordings") / "noise.db3"
    recorder = RealSenseRecorder(file, pinhole(640, 480, 42.0), RATE)
    images = [noise(k) for k in range(COUNT)]
    start = time.monotonic()
    for k, image in enumerate(images):
        # Playback keeps the pace of the recording, not that of the stamps.
        time.sleep(max(0.0, start + k / RATE - time.monotonic()))
        recorder.add(Frame(image, OLD + k / RATE, k))
    recorder.add(Frame(noise(0, 240, 320), OLD + 1.0, COUNT))
    recorder.close()
    recorder.close()
    assert (recorder.frames, recorder.refused) == (COUNT, 1)
    return file


def play(file: Path, repeat: bool, seconds: float) -> Iterator[tuple[Frame, float]]:
    news = threading.Event()
    camera = RealSenseCamera(lambda: open_recording(file, repeat), on_frame=news.set)
    camera.start()
    end, last = time.monotonic() + seconds, -1
    try:
        while time.monotonic() < end and camera.status().state is not CameraState.ENDED:
            if not news.wait(0.05):
                continue
            news.clear()
            frame = camera.latest()
            assert frame is not None
            if frame.sequence != last:
                last = frame.sequence
                yield frame, time.time()
        if not repeat:
            until_state(camera, CameraState.ENDED)
    finally:
        camera.close()


def test_a_recording_is_played_through_the_pipeline_byte_for_byte_up_to_its_end(recording: Path) -> None:
    played = list(play(recording, repeat=False, seconds=PATIENCE))
    originals = {noise(k).tobytes(): k for k in range(COUNT)}
    order = [originals.get(frame.image.tobytes(), -1) for frame, _ in played]
    assert -1 not in order
    assert order == sorted(set(order))
    assert len(order) >= 0.6 * COUNT  # a busy machine misses some, as with a real camera


def test_stamps_are_of_today_and_keep_the_pace_of_the_recording(recording: Path) -> None:
    played = list(play(recording, repeat=False, seconds=PATIENCE))
    for frame, arrival in played:
        assert frame.stamp <= arrival
    numbers = [next(k for k in range(COUNT) if np.array_equal(f.image[0], noise(k)[0])) for f, _ in played]
    steps = np.diff([frame.stamp for frame, _ in played]) - np.diff(numbers) / RATE
    assert abs(float(np.median(steps))) < 0.005


def test_a_repeated_recording_goes_on_with_rising_stamps(recording: Path) -> None:
    played = list(play(recording, repeat=True, seconds=2.5))
    assert len(played) > COUNT
    stamps = [frame.stamp for frame, _ in played]
    assert stamps == sorted(stamps)
    assert played[-1][1] - stamps[-1] < 1.0


def test_wrong_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(MvpRealError, match=r"no recording at .*absent\.db3; make one with"):
        open_recording(tmp_path / "absent.db3", repeat=False)
    junk = tmp_path / "junk.db3"
    junk.write_bytes(b"no database")
    with pytest.raises(MvpRealError, match=r"junk\.db3 cannot be opened"):
        open_recording(junk, repeat=False)
    geometry = pinhole(640, 480, 42.0)
    with pytest.raises(MvpRealError, match=r"ends in \.db3, not in '\.bag'"):
        RealSenseRecorder(tmp_path / "old.bag", geometry, RATE)
    with pytest.raises(MvpRealError, match="exists already"):
        RealSenseRecorder(junk, geometry, RATE)
    with pytest.raises(MvpRealError, match="folder that does not exist"):
        RealSenseRecorder(tmp_path / "no" / "file.db3", geometry, RATE)
