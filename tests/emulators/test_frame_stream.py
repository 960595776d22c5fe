"""Frames over TCP: whole, in order, the newest first, and no bytes from anybody bring an end down."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mvp_real.emulators.frame_stream import (
    HEADER,
    LARGEST_SIDE,
    MAGIC,
    VERSION,
    FrameClient,
    FrameParser,
    FrameServer,
    FrameStreamError,
    encode,
)
from mvp_real.errors import MvpRealError
from mvp_real.messages import Frame

PATIENCE = 20.0  # s


def picture(sequence: int, height: int = 48, width: int = 64) -> Frame:
    image = np.random.default_rng(sequence).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Frame(image, 1000.0 + sequence / 30, sequence)


def until(condition, what: str) -> None:  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.002)


@pytest.fixture
def server() -> Iterator[FrameServer]:
    server = FrameServer()
    yield server
    server.close()


@contextlib.contextmanager
def client_of(server: FrameServer) -> Iterator[FrameClient]:
    before = server.clients
    client = FrameClient(server.host, server.port)
    until(lambda: server.clients == before + 1, "the client is accepted")
    yield client
    client.close()


def test_frames_arrive_byte_identical(server: FrameServer) -> None:
    with client_of(server) as client:
        for sequence in range(30):
            sent = picture(sequence, 480, 640)
            server.publish(sent)
            got = client.read(PATIENCE)
            assert got is not None
            assert (got.sequence, got.stamp) == (sent.sequence, sent.stamp)
            assert np.array_equal(got.image, sent.image)


def test_a_buffer_that_the_world_reuses_is_sent_as_it_was(server: FrameServer) -> None:
    buffer = np.full((480, 640, 3), 7, np.uint8)
    with client_of(server) as client:
        server.publish(Frame(buffer, 0.0, 1))
        buffer[:] = 9
        got = client.read(PATIENCE)
        assert got is not None
        assert set(got.image.ravel()) == {7}


def test_a_slow_client_gets_the_newest_frame_and_does_not_hold_up_the_world(server: FrameServer) -> None:
    with client_of(server) as slow:
        started = time.monotonic()
        for sequence in range(200):
            server.publish(picture(sequence, 480, 640))
        assert time.monotonic() - started < PATIENCE  # 200 blocked sends would never end
        seen: list[int] = []
        while not seen or seen[-1] != 199:
            frame = slow.read(PATIENCE)
            assert frame is not None, f"the newest frame never came, only {seen}"
            seen.append(frame.sequence)
        assert len(seen) <= 4, f"a backlog was read frame by frame: {seen}"


def test_every_client_is_served_and_a_dead_one_is_forgotten(server: FrameServer) -> None:
    with client_of(server) as first, client_of(server) as second:
        server.publish(picture(1))
        assert first.read(PATIENCE) is not None
        second.close()
        until(lambda: server.clients == 1, "the one that left is forgotten")
        server.publish(picture(2))
        frame = first.read(PATIENCE)
        assert frame is not None
        assert frame.sequence == 2


def test_nothing_new_is_none_and_a_closed_server_is_an_error() -> None:
    server = FrameServer()
    with client_of(server) as client:
        assert client.read(0.01) is None
        server.close()
        with pytest.raises(FrameStreamError, match="closed by the server"):
            client.read(PATIENCE)
    with pytest.raises(FrameStreamError, match="start the emulator"):
        FrameClient(server.host, server.port)


def test_a_taken_port_is_named(server: FrameServer) -> None:
    with pytest.raises(MvpRealError, match=f"{server.port}.*choose another port"):
        FrameServer(server.host, server.port)


@pytest.mark.parametrize(
    "image",
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3), np.float32)],
    ids=["grey", "alpha", "float"],
)
def test_images_of_another_kind_are_refused(server: FrameServer, image: np.ndarray) -> None:
    with pytest.raises(MvpRealError, match="needs \\(H, W, 3\\) uint8"):
        server.publish(Frame(image, 0.0, 0))


@given(
    frames=st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=5),
    cuts=st.lists(st.integers(1, 300), min_size=1, max_size=20),
)
def test_any_cutting_gives_the_same_frames(frames: list[tuple[int, int]], cuts: list[int]) -> None:
    sent = [picture(k, height, width) for k, (height, width) in enumerate(frames)]
    data = b"".join(part for frame in sent for part in encode(frame))
    parser, got, start = FrameParser(), [], 0
    while start < len(data):
        cut = cuts[len(got) % len(cuts)]
        got += parser.feed(data[start : start + cut])
        start += cut
    assert [frame.sequence for frame in got] == [frame.sequence for frame in sent]
    assert all(np.array_equal(a.image, b.image) for a, b in zip(got, sent, strict=True))


@given(junk=st.binary(max_size=200))
@example(junk=HEADER.pack(MAGIC, VERSION, 0, 0.0, 2**32 - 1, 2**32 - 1, 3))
@example(junk=HEADER.pack(MAGIC, VERSION, 0, float("nan"), 1, 1, 3))
@example(junk=HEADER.pack(MAGIC, VERSION + 1, 0, 0.0, 1, 1, 3))
@example(junk=HEADER.pack(MAGIC, VERSION, 0, 0.0, 1, 1, 4))
@example(junk=HEADER.pack(MAGIC, VERSION, 0, 0.0, 0, 1, 3))
def test_foreign_bytes_are_refused_and_never_crash(junk: bytes) -> None:
    parser = FrameParser()
    if len(junk) < HEADER.size:
        assert parser.feed(junk) == []
        return
    if junk[: len(MAGIC)] != MAGIC or b"\xff" * 4 in junk:
        with pytest.raises(FrameStreamError):
            parser.feed(junk)
        return
    with contextlib.suppress(FrameStreamError):
        parser.feed(junk)


@given(
    version=st.integers(0, 2**32 - 1),
    stamp=st.floats(),
    sides=st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)),
    channels=st.integers(0, 2**32 - 1),
)
def test_impossible_headers_are_refused_before_anything_is_reserved(
    version: int, stamp: float, sides: tuple[int, int], channels: int
) -> None:
    good = version == VERSION and channels == 3 and np.isfinite(stamp)
    data = HEADER.pack(MAGIC, version, 1, stamp, *sides, channels)
    if good and all(1 <= side <= LARGEST_SIDE for side in sides):
        assert FrameParser().feed(data) == []
    else:
        with pytest.raises(FrameStreamError):
            FrameParser().feed(data)


@given(junk=st.binary(min_size=HEADER.size, max_size=4096))
def test_a_client_of_a_foreign_server_says_so(junk: bytes) -> None:
    if junk.startswith(MAGIC):
        junk = b"HTTP" + junk[4:]
    with socket.create_server(("127.0.0.1", 0)) as foreign:

        def answer() -> None:
            connection, _ = foreign.accept()
            with connection:
                connection.sendall(junk)

        thread = threading.Thread(target=answer)
        thread.start()
        client = FrameClient(*foreign.getsockname())
        with pytest.raises(FrameStreamError, match="not a frame stream"):
            client.read(PATIENCE)
        client.close()
        thread.join()


def test_bytes_from_clients_do_not_disturb_the_server(server: FrameServer) -> None:
    with client_of(server) as good:
        for k in range(20):
            with socket.create_connection((server.host, server.port)) as foreign:
                foreign.sendall(np.random.default_rng(k).bytes(1 + 977 * k))
                if k % 2:  # a reset instead of an orderly end
                    foreign.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            server.publish(picture(k))
        until(lambda: server.clients == 1, "the foreign clients are forgotten")
        server.publish(picture(99))
        while (frame := good.read(PATIENCE)) is not None and frame.sequence != 99:
            pass
        assert frame is not None
