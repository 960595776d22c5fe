"""The camera on the real pyrealsense2: a software device end to end, and its life with losses."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from mvp_real.cameras.intrinsics import pinhole
from mvp_real.cameras.realsense import CameraState, Patience, RealSenseCamera
from mvp_real.cameras.realsense_links import Link, connected_cameras, open_device
from mvp_real.cameras.software_device import SoftwareLink
from mvp_real.errors import MvpRealError
from tests.cameras.real_sense import PATIENCE, RATE, Feed, noise, until, until_state

pytest.importorskip("pyrealsense2")


@pytest.fixture
def feed() -> Feed:
    return Feed()


@pytest.fixture
def news() -> threading.Event:
    return threading.Event()


@pytest.fixture
def camera(feed: Feed, news: threading.Event) -> Iterator[RealSenseCamera]:
    def connect() -> Link:
        return SoftwareLink(feed.connect, "a test", RATE, 42.0)

    camera = RealSenseCamera(connect, Patience(stale=0.2, lost=0.5, first=2.0), news.set)
    camera.start()
    yield camera
    camera.close()


def test_frames_are_byte_identical_with_their_stamps_and_geometry(
    camera: RealSenseCamera, feed: Feed, news: threading.Event, capsys: pytest.CaptureFixture[str]
) -> None:
    assert camera.latest() is None
    latencies = []
    for sequence in range(60):
        image = noise(sequence)
        news.clear()
        started = time.perf_counter()
        sent = feed.put(sequence, image)
        assert news.wait(PATIENCE)
        latencies.append(time.perf_counter() - started)
        got = camera.latest()
        assert got is not None
        assert np.array_equal(got.image, sent.image)
        assert got.sequence == sequence
        assert got.stamp == pytest.approx(sent.stamp, abs=1e-3)  # librealsense keeps a double of milliseconds
        assert camera.latest() is got
    newest = camera.latest_with_intrinsics()
    assert newest is not None
    expected = pinhole(640, 480, 42.0)
    assert (newest[1].width, newest[1].height) == (640, 480)
    assert (newest[1].fx, newest[1].cx) == pytest.approx((expected.fx, expected.cx))
    with capsys.disabled():
        print(
            f"\nhanded in to latest(): median {1000 * float(np.median(latencies)):.2f} ms of {len(latencies)}"
        )


def test_a_reader_that_keeps_a_frame_keeps_its_pixels(camera: RealSenseCamera, feed: Feed) -> None:
    feed.put(0)
    until(lambda: camera.latest() is not None, "the first frame")
    kept = camera.latest()
    assert kept is not None
    for sequence in range(1, 40):
        feed.put(sequence)
    until(lambda: camera.latest().sequence == 39, "the last frame")  # type: ignore[union-attr]
    assert np.array_equal(kept.image, noise(0))


def test_missing_numbers_are_dropped_frames_and_show_in_the_sequence(
    camera: RealSenseCamera, feed: Feed
) -> None:
    for count, number in enumerate((10, 11, 15, 16)):
        feed.put(number)
        until(lambda n=count: camera.status().frames == n + 1, "the frame is there")
    assert camera.status().dropped == 3
    assert camera.latest().sequence == 6  # type: ignore[union-attr]


def test_an_error_of_librealsense_is_a_loss_and_not_the_end(feed: Feed) -> None:
    """Its errors are plain RuntimeErrors, such as those of a device that is just coming up."""
    tries: list[str] = []
    broken = threading.Event()

    class BreakingLink(SoftwareLink):
        def wait(self, timeout: float) -> object:
            if len(tries) == 1 and broken.is_set():
                raise RuntimeError("get_xu failed")
            return super().wait(timeout)

    def connect() -> Link:
        tries.append("")
        if len(tries) == 2:
            raise RuntimeError("failed to set power state")
        return BreakingLink(feed.connect, "a test", RATE, 42.0)

    camera = RealSenseCamera(connect, Patience(stale=0.2, lost=0.5, first=2.0))
    camera.start()
    try:
        broken.set()
        until(lambda: len(tries) >= 3, "it is opened again")
        feed.put(1)
        until_state(camera, CameraState.STREAMING)
        assert camera.status().reconnects == 1
    finally:
        camera.close()


def test_another_size_is_taken_as_it_comes(camera: RealSenseCamera, feed: Feed) -> None:
    for sequence, (height, width) in enumerate([(480, 640), (240, 320), (224, 224), (480, 640)]):
        sent = feed.put(sequence, noise(sequence, height, width))
        until(lambda n=sequence: camera.status().frames == n + 1, "the frame is there")
        newest = camera.latest_with_intrinsics()
        assert newest is not None
        assert np.array_equal(newest[0].image, sent.image)
        assert (newest[1].height, newest[1].width) == (height, width)


def test_silence_is_stale_then_lost_and_the_connection_is_made_anew(
    camera: RealSenseCamera, feed: Feed
) -> None:
    feed.put(0)
    until_state(camera, CameraState.STREAMING)
    before = camera.latest()
    assert "no image for" in until_state(camera, CameraState.STALE).reason
    assert "no image for" in until_state(camera, CameraState.LOST).reason
    until(lambda: feed.connections == 2, "it has connected again")
    assert camera.latest() is before  # its stamp tells how old it is
    # A new connection alone is no image.
    assert camera.status().state is CameraState.LOST
    feed.put(0)
    status = until_state(camera, CameraState.STREAMING)
    assert status.reconnects == 1
    assert camera.latest().sequence == 1  # type: ignore[union-attr]


def test_an_unplugged_camera_is_lost_at_once_and_comes_back(camera: RealSenseCamera, feed: Feed) -> None:
    feed.put(0)
    until_state(camera, CameraState.STREAMING)
    feed.unplug()
    until(
        lambda: camera.status().reason == "the cable is out", "the loss is seen and connecting again refused"
    )
    assert camera.status().state is CameraState.LOST
    attempts = feed.connections
    time.sleep(0.3)
    assert feed.connections == attempts
    feed.refused = False
    until(lambda: feed.connections > attempts, "it has connected again")
    feed.put(7)
    until_state(camera, CameraState.STREAMING)


def test_old_images_and_stamps_from_the_future_are_stale_although_they_come(
    camera: RealSenseCamera, feed: Feed
) -> None:
    reasons = []
    for sequence, offset in enumerate((0.0, -0.6, +3.0)):
        feed.put(sequence, stamp=time.time() + offset)
        until(lambda n=sequence: camera.status().frames == n + 1, "the frame is there")
        reasons.append(camera.status().reason)
    assert "old" in reasons[1]
    assert "in the future" in reasons[2]


def test_identical_images_are_counted(camera: RealSenseCamera, feed: Feed) -> None:
    still = noise(0)
    for sequence in range(5):
        feed.put(sequence, still)
        until(lambda n=sequence: camera.status().frames == n + 1, "the frame is there")
    assert camera.status().repeated == 4


def test_without_a_first_image_it_connects_again(camera: RealSenseCamera, feed: Feed) -> None:
    assert camera.status().state is CameraState.WAITING
    until(lambda: feed.connections >= 2, "it has given up on the silent connection")
    assert camera.status().frames == 0


def test_a_start_without_the_camera_fails_at_once_or_after_the_wait(feed: Feed) -> None:
    feed.refused = True
    camera = RealSenseCamera(lambda: SoftwareLink(feed.connect, "a test", RATE, 42.0))
    with pytest.raises(MvpRealError, match="cable is out"):
        camera.start()
    started = time.monotonic()
    with pytest.raises(MvpRealError, match="cable is out"):
        camera.start(wait=0.5)
    assert time.monotonic() - started >= 0.5
    camera.close()
    assert camera.status().state is CameraState.CLOSED


def test_a_missing_device_is_refused_at_once_with_what_is_connected() -> None:
    if connected_cameras():
        pytest.skip("a real camera is connected")
    started = time.monotonic()
    with pytest.raises(MvpRealError, match="serial number '012345678901'; connected: none; check cable"):
        open_device("012345678901", 640, 480, 30)
    with pytest.raises(MvpRealError, match="name the camera by its serial number; connected: none"):
        open_device("", 640, 480, 30)
    # librealsense itself would block for 15 s, each time.
    assert time.monotonic() - started < 10.0


@pytest.mark.parametrize(("stale", "lost"), [(0.0, 1.0), (2.0, 1.0), (-1.0, 1.0)])
def test_impossible_patience_is_refused(stale: float, lost: float) -> None:
    with pytest.raises(MvpRealError, match="0 < stale <= lost"):
        Patience(stale, lost)


def test_closing_takes_no_longer_than_a_look_at_the_queue(feed: Feed) -> None:
    camera = RealSenseCamera(lambda: SoftwareLink(feed.connect, "a test", RATE, 42.0))
    camera.start()
    started = time.monotonic()
    camera.close()
    camera.close()
    assert time.monotonic() - started < PATIENCE / 3
