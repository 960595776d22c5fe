"""Images from an emulated world to an emulated camera: rgb8 frames over TCP, the newest wins.

One message is a little-endian header `magic "MVPF" | u32 version | u64 sequence | f64 stamp | u32 height |
u32 width | u32 channels`, then height x width x channels bytes. The stamp is the capture time in seconds of
the host's clock (`time.time()`), which both ends share. Only the server sends.
"""

from __future__ import annotations

import contextlib
import math
import socket
import struct
import threading
import time
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from mvp_real.errors import MvpRealError
from mvp_real.messages import Frame

MAGIC, VERSION, CHANNELS = b"MVPF", 1, 3
HEADER = struct.Struct("<4sIQdIII")
LARGEST_SIDE = 4096  # px; more is a stream of something else
# Small buffers in the kernel: what waits there is old by the time it is read.
SOCKET_BUFFER = 1 << 18
RECEIVE = 1 << 20
CONNECT_TIMEOUT = 2.0  # s

_Message: TypeAlias = "tuple[bytes, bytes]"


class FrameStreamError(MvpRealError):
    """The stream ended or is not one of ours; connect again."""


@dataclass(frozen=True)
class Header:
    """What comes before the pixels; see the module."""

    sequence: int
    stamp: float
    height: int
    width: int

    @property
    def size(self) -> int:
        """Number of bytes of the pixels."""
        return self.height * self.width * CHANNELS

    @staticmethod
    def parse(data: bytes) -> Header:
        """Read a header.

        Raises:
            FrameStreamError: Not a header of this version, or of an impossible image.
        """
        magic, version, sequence, stamp, height, width, channels = HEADER.unpack(data)
        if magic != MAGIC:
            raise FrameStreamError(f"not a frame stream: a frame began with {magic!r} instead of {MAGIC!r}")
        if version != VERSION:
            raise FrameStreamError(f"the frame stream has version {version}, this end reads {VERSION}")
        sides = 1 <= height <= LARGEST_SIDE and 1 <= width <= LARGEST_SIDE
        if not sides or channels != CHANNELS or not math.isfinite(stamp):
            raise FrameStreamError(
                f"frame {sequence} claims {width}x{height} with {channels} channels at {stamp} s; "
                f"needs sides of 1 to {LARGEST_SIDE}, {CHANNELS} channels and a finite stamp"
            )
        return Header(sequence, stamp, height, width)


def encode(frame: Frame) -> _Message:
    """Header and pixels of a frame, as a copy.

    Raises:
        MvpRealError: The image is not (H, W, 3) uint8, or a number does not fit.
    """
    image = frame.image
    fits = image.ndim == 3 and image.shape[2] == CHANNELS and image.dtype == np.uint8
    if not fits or not all(1 <= side <= LARGEST_SIDE for side in image.shape[:2]):
        raise MvpRealError(f"a frame has shape {image.shape} and type {image.dtype}, needs (H, W, 3) uint8")
    if not math.isfinite(frame.stamp) or not 0 <= frame.sequence < 1 << 64:
        raise MvpRealError(f"a frame has stamp {frame.stamp} and sequence {frame.sequence}")
    header = HEADER.pack(MAGIC, VERSION, frame.sequence, frame.stamp, *image.shape)
    return header, image.tobytes()


class FrameParser:
    """Puts frames together from bytes that come in pieces of any size."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._header: Header | None = None

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that `data` completes, in order.

        Raises:
            FrameStreamError: The bytes are no frame stream; nothing after them can be trusted.
        """
        self._bytes += data
        frames: list[Frame] = []
        while True:
            if self._header is None:
                if len(self._bytes) < HEADER.size:
                    return frames
                self._header = Header.parse(bytes(self._bytes[: HEADER.size]))
                del self._bytes[: HEADER.size]
            header = self._header
            if len(self._bytes) < header.size:
                return frames
            pixels = np.frombuffer(bytes(memoryview(self._bytes)[: header.size]), np.uint8)
            del self._bytes[: header.size]
            image = pixels.reshape(header.height, header.width, CHANNELS)
            frames.append(Frame(image, header.stamp, header.sequence))
            self._header = None


class FrameServer:
    """Sends frames to any number of clients; a slow one misses frames and holds nobody up.

    Args:
        host, port: Where to listen; port 0 takes a free one.

    Attributes:
        host, port: Where it listens.

    Raises:
        MvpRealError: The address is taken.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        try:
            self._listener = socket.create_server((host, port))
        except OSError as error:
            raise MvpRealError(
                f"cannot serve frames at {host}:{port}: {error}; choose another port"
            ) from error
        self.host = host
        self.port: int = self._listener.getsockname()[1]
        self._news = threading.Condition()
        self._newest: _Message | None = None
        self._count = 0
        self._closed = False
        self._clients: set[socket.socket] = set()
        threading.Thread(target=self._accept, name="frame server", daemon=True).start()

    @property
    def clients(self) -> int:
        """Number of connected clients."""
        with self._news:
            return len(self._clients)

    def publish(self, frame: Frame) -> None:
        """Offer a frame to every client that is connected now; never waits for one.

        Raises:
            MvpRealError: The image is not (H, W, 3) uint8.
        """
        message = encode(frame)
        with self._news:
            self._newest = message
            self._count += 1
            self._news.notify_all()

    def close(self) -> None:
        """Close every connection and stop listening."""
        with self._news:
            self._closed = True
            _shut(self._listener)
            for client in self._clients:
                _shut(client)
            self._news.notify_all()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._news:
                if self._closed:
                    _shut(client)
                    return
                self._clients.add(client)
                start = self._count
            threading.Thread(target=self._send, args=(client, start), name="frames", daemon=True).start()
            # Each reads once in a while, so that a client that left is noticed without a frame.
            threading.Thread(target=self._watch, args=(client,), name="frame client", daemon=True).start()

    def _send(self, client: socket.socket, sent: int) -> None:
        while True:
            with self._news:
                while self._count == sent and client in self._clients and not self._closed:
                    self._news.wait()
                if self._closed or client not in self._clients or self._newest is None:
                    return
                message, sent = self._newest, self._count
            try:
                for part in message:
                    client.sendall(part)
            except OSError:
                self._forget(client)
                return

    def _watch(self, client: socket.socket) -> None:
        """Discard whatever a client says, until it leaves."""
        with contextlib.suppress(OSError):
            while client.recv(4096):
                pass
        self._forget(client)

    def _forget(self, client: socket.socket) -> None:
        with self._news:
            self._clients.discard(client)
            _shut(client)
            self._news.notify_all()


class FrameClient:
    """Receives the frames of one `FrameServer`.

    Args:
        host, port: Address of the server.

    Raises:
        FrameStreamError: Nobody listens there.
    """

    def __init__(self, host: str, port: int) -> None:
        self._address = f"{host}:{port}"
        try:
            self._socket = socket.create_connection((host, port), CONNECT_TIMEOUT)
        except OSError as error:
            raise FrameStreamError(
                f"no frames from {self._address}: {error}; start the emulator that serves them"
            ) from error
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER)
        self._parser = FrameParser()

    def read(self, timeout: float) -> Frame | None:
        """The newest frame that has arrived whole, waiting up to `timeout` s for one; None if none came.

        Raises:
            FrameStreamError: The server closed the connection or sent something else than frames.
        """
        deadline = time.monotonic() + timeout
        newest: Frame | None = None
        while True:
            wait = 0.0 if newest is not None else max(0.0, deadline - time.monotonic())
            try:
                data = self._receive(wait)
            except FrameStreamError:
                if newest is None:
                    raise
                return newest  # the next call says it
            if data is None:
                return newest
            frames = self._parser.feed(data)
            newest = frames[-1] if frames else newest
            if newest is not None and time.monotonic() >= deadline:
                return newest

    def close(self) -> None:
        """Leave."""
        _shut(self._socket)

    def _receive(self, wait: float) -> bytes | None:
        try:
            self._socket.settimeout(wait)
            data = self._socket.recv(RECEIVE)
        except (TimeoutError, BlockingIOError):
            return None
        except OSError as error:
            raise FrameStreamError(f"the frame stream from {self._address} broke: {error}") from error
        if not data:
            raise FrameStreamError(f"the frame stream from {self._address} was closed by the server")
        return data


def _shut(connection: socket.socket) -> None:
    # close() alone does not wake a thread that waits in accept, send or recv.
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
