"""Each fault of an emulated camera does to the frames what its name says, and ends when it is cleared."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvp_real.emulators.fault_board import FaultBoard
from mvp_real.emulators.frame_stream import FrameClient, FrameServer, FrameStreamError
from mvp_real.emulators.realsense.emulated_camera import FAULTS, EmulatedCamera, FrameFaults
from mvp_real.emulators.realsense.frame_sources import moving_picture, stream
from mvp_real.messages import Frame

PATIENCE = 20.0  # s
PERIOD = 1 / 30


def frame(sequence: int) -> Frame:
    image = np.random.default_rng(sequence).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    return Frame(image, 100.0 + sequence * PERIOD, sequence)


@pytest.fixture
def board() -> FaultBoard:
    return FaultBoard(FAULTS)


@pytest.fixture
def faults(board: FaultBoard) -> FrameFaults:
    return FrameFaults(board)


def sent(faults: FrameFaults, count: int, first: int = 0) -> list[tuple[float, Frame]]:
    """What `count` frames become, with the time that each waits."""
    out = []
    for k in range(first, first + count):
        result = faults.apply(frame(k), k * PERIOD)
        if result is not None:
            out.append((result[0] - k * PERIOD, result[1]))
    return out


def test_without_a_fault_frames_pass_unchanged_and_at_once(faults: FrameFaults) -> None:
    for k, (wait, got) in enumerate(sent(faults, 10)):
        assert wait == 0.0
        assert np.array_equal(got.image, frame(k).image)
        assert (got.stamp, got.sequence) == (frame(k).stamp, k)


def test_a_frozen_image_keeps_coming_with_new_stamps(board: FaultBoard, faults: FrameFaults) -> None:
    sent(faults, 5)
    board.set("freeze")
    for k, (_, got) in enumerate(sent(faults, 5, first=5), start=5):
        assert np.array_equal(got.image, frame(4).image)
        assert got.stamp == frame(k).stamp
    board.clear()
    assert np.array_equal(sent(faults, 1, first=10)[0][1].image, frame(10).image)


def test_silence_and_rate_leave_frames_out(board: FaultBoard, faults: FrameFaults) -> None:
    board.set("silence")
    assert sent(faults, 10) == []
    board.clear()
    board.set("rate", 10.0)
    assert 9 <= len(sent(faults, 30, first=10)) <= 11


def test_the_wrong_resolution_is_half_of_the_right_one(board: FaultBoard, faults: FrameFaults) -> None:
    board.set("wrong_resolution")
    image = sent(faults, 1)[0][1].image
    assert np.array_equal(image, frame(0).image[::2, ::2])
    assert image.flags.c_contiguous


def test_a_clock_jump_moves_the_stamps_only(board: FaultBoard, faults: FrameFaults) -> None:
    board.set("clock_jump", 2.5)
    wait, got = sent(faults, 1)[0]
    assert (wait, got.stamp) == (0.0, frame(0).stamp + 2.5)


def test_garble_hits_its_share_and_never_the_world_s_own_image(
    board: FaultBoard, faults: FrameFaults
) -> None:
    board.set("garble", 0.5)
    images = [frame(k) for k in range(200)]
    copies = [f.image.copy() for f in images]
    got = [faults.apply(f, k * PERIOD) for k, f in enumerate(images)]
    hit = sum(not np.array_equal(g[1].image, copy) for g, copy in zip(got, copies, strict=True) if g)
    assert 70 <= hit <= 130
    assert all(np.array_equal(f.image, copy) for f, copy in zip(images, copies, strict=True))


@given(delay=st.floats(0.0, 1.0), jitter=st.floats(0.0, 0.5))
def test_delay_and_jitter_stay_within_their_values_and_keep_the_order(delay: float, jitter: float) -> None:
    board = FaultBoard(FAULTS)
    faults = FrameFaults(board)
    board.set("delay", delay)
    board.set("jitter", jitter)
    out = sent(faults, 60)
    assert all(delay - 1e-9 <= wait <= delay + jitter + 1e-9 for wait, _ in out)
    due = [wait + got.sequence * PERIOD for wait, got in out]
    assert np.all(np.diff(due) > -1e-9)


@pytest.fixture
def camera(board: FaultBoard) -> Iterator[EmulatedCamera]:
    camera = EmulatedCamera(board)
    yield camera
    camera.close()


def read_next(camera: EmulatedCamera, client: FrameClient) -> Frame:
    """A frame put after the client was accepted; before that they go nowhere."""
    deadline = time.monotonic() + PATIENCE
    number = 1000
    while time.monotonic() < deadline:
        camera.put(frame(number))
        number += 1
        got = client.read(0.05)
        if got is not None:
            return got
    raise AssertionError("no frame came")


def test_an_unplugged_camera_refuses_until_it_is_plugged_in_at_the_same_address(
    camera: EmulatedCamera, board: FaultBoard
) -> None:
    client = FrameClient(camera.host, camera.port)
    read_next(camera, client)
    board.set("drop")
    with pytest.raises(FrameStreamError):
        client.read(PATIENCE)
    with pytest.raises(FrameStreamError):
        FrameClient(camera.host, camera.port)
    camera.put(frame(0))  # the world goes on
    board.clear("drop")
    read_next(camera, FrameClient(camera.host, camera.port))


def test_a_power_cycle_ends_by_itself_and_numbers_begin_again(
    camera: EmulatedCamera, board: FaultBoard
) -> None:
    client = FrameClient(camera.host, camera.port)
    for _ in range(5):
        last = read_next(camera, client)
    assert last.sequence >= 4
    board.set("power_cycle")
    with pytest.raises(FrameStreamError):
        client.read(PATIENCE)
    deadline = time.monotonic() + PATIENCE
    while board.value("power_cycle") is not None:
        assert time.monotonic() < deadline, "the power never came back"
        time.sleep(0.02)
    assert read_next(camera, FrameClient(camera.host, camera.port)).sequence < last.sequence


def test_a_delayed_frame_waits_in_the_camera_not_in_the_world(
    camera: EmulatedCamera, board: FaultBoard
) -> None:
    client = FrameClient(camera.host, camera.port)
    read_next(camera, client)
    board.set("delay", 0.4)
    while client.read(0.1) is not None:
        pass
    started = time.monotonic()
    camera.put(frame(7))
    assert time.monotonic() - started < 0.3
    got = client.read(PATIENCE)
    assert got is not None
    assert time.monotonic() - started >= 0.39
    assert np.array_equal(got.image, frame(7).image)


def test_frames_that_were_overtaken_are_left_out(camera: EmulatedCamera, board: FaultBoard) -> None:
    client = FrameClient(camera.host, camera.port)
    read_next(camera, client)
    board.set("delay", 0.4)
    camera.put(frame(1))
    board.clear("delay")
    camera.put(frame(2))
    seen = []
    while (got := client.read(0.8)) is not None:
        seen.append(got.sequence)
    assert seen == sorted(seen)
    assert len(seen) == 1


def test_the_moving_picture_keeps_its_rate_and_never_repeats() -> None:
    pictures = moving_picture(64, 48, 50)
    taken = [next(pictures) for _ in range(40)]
    assert all(f is not None and f.image.shape == (48, 64, 3) for f in taken)
    assert len({f.image.tobytes() for f in taken if f is not None}) == 40
    stamps = [f.stamp for f in taken if f is not None]
    assert stamps[-1] - stamps[0] >= 39 / 50 - 0.05
    assert abs(stamps[-1] - time.time()) < 1.0


def test_a_stream_waits_for_its_world_and_survives_its_restart(capsys: pytest.CaptureFixture[str]) -> None:
    world = FrameServer()
    port = world.port
    world.close()
    frames = stream("127.0.0.1", port)
    assert next(frames) is None
    for generation in range(2):
        world = FrameServer("127.0.0.1", port)
        stop = threading.Event()

        def publish(
            world: FrameServer = world, stop: threading.Event = stop, start: int = generation
        ) -> None:
            number = 1000 * start
            while not stop.wait(0.01):
                world.publish(frame(number))
                number += 1

        thread = threading.Thread(target=publish)
        thread.start()
        deadline = time.monotonic() + PATIENCE
        while (got := next(frames)) is None:
            assert time.monotonic() < deadline, f"no frame of world {generation}"
        assert got.sequence // 1000 == generation
        stop.set()
        thread.join()
        world.close()
    said = capsys.readouterr().err
    assert said.count("no frames from") == 1 or said.count("frames from") >= 2
