"""TCP listeners of the controller box, with what a fault does to them: late, silent, garbled, closed."""

from __future__ import annotations

import contextlib
import random
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable

from mvp_real.emulators.fault_board import FaultBoard
from mvp_real.emulators.xarm7.protocol import Answer, Request, RequestReader, reply
from mvp_real.errors import MvpRealError

SEND_WITHIN = 1.0  # s; a client that reads nothing for so long is dropped
IDLE = 600.0  # s without a word after which a connection is closed


class WireFaults:
    """What the active faults do to outgoing bytes.

    Args:
        board: The board.
        seed: Of what is random: jitter and garbling.
    """

    def __init__(self, board: FaultBoard, seed: int = 0) -> None:
        self._board = board
        self._random = random.Random(seed)
        self._lock = threading.Lock()

    @property
    def silent(self) -> bool:
        """Whether nothing may be sent."""
        return self._board.value("silence") is not None

    @property
    def closed(self) -> bool:
        """Whether connections are refused."""
        return any(self._board.value(name) is not None for name in ("drop", "power_cycle"))

    def delay(self) -> float:
        """How late the next frame leaves, s."""
        with self._lock:
            jitter = self._random.uniform(0.0, self._board.value("jitter") or 0.0)
        return (self._board.value("delay") or 0.0) + jitter

    def garble(self, frame: bytes) -> bytes:
        """The frame, or a corrupted copy of it."""
        share = self._board.value("garble")
        with self._lock:
            if share is None or not frame or self._random.random() >= share:
                return frame
            damaged = bytearray(frame)
            for _ in range(self._random.randint(1, 8)):
                damaged[self._random.randrange(len(damaged))] = self._random.randrange(256)
            return bytes(damaged)


class Listener:
    """Accepts clients on one port and serves each in a thread of its own.

    Args:
        host, port: Where to listen; port 0 takes a free one.
        serve: Called with each client's socket; its return closes the connection.

    Raises:
        MvpRealError: The address cannot be had.
    """

    def __init__(self, host: str, port: int, serve: Callable[[socket.socket], None]) -> None:
        self._serve = serve
        self._clients: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self.host, self.port = host, port
        self.open()

    def open(self) -> None:
        """Listen (again)."""
        if self._listener is not None:
            return
        try:
            listener = socket.create_server((self.host, self.port))
        except OSError as error:
            hint = "; ports below 1024 need root, use --port 15502" if self.port < 1024 else ""
            raise MvpRealError(f"cannot listen at {self.host}:{self.port}: {error}{hint}") from error
        listener.settimeout(None)  # explicit: xarm-python-sdk changes the default of the whole process
        self._listener, self.port = listener, listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(listener,), name=f"port {self.port}", daemon=True).start()

    def close(self) -> None:
        """Close every connection and refuse new ones until `open`."""
        listener, self._listener = self._listener, None
        if listener is not None:
            _shut(listener)
        with self._lock:
            clients, self._clients = self._clients, set()
        for client in clients:
            _shut(client)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                if self._listener is not listener:
                    _shut(client)
                    return
                self._clients.add(client)
            threading.Thread(target=self._run, args=(client,), name="client", daemon=True).start()

    def _run(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):  # ValueError: no frame, or closed under its hands
            self._serve(client)
        with self._lock:
            self._clients.discard(client)
        _shut(client)


class ControlPort:
    """Requests and replies of port 502.

    Args:
        host, port: Where to listen.
        answer: Carries out a request.
        faults: What is done to the replies.
    """

    def __init__(self, host: str, port: int, answer: Callable[[Request], Answer], faults: WireFaults) -> None:
        self._answer, self._faults = answer, faults
        self.listener = Listener(host, port, self._serve)

    def _serve(self, client: socket.socket) -> None:
        reader = RequestReader()
        client.settimeout(IDLE)
        while data := client.recv(4096):
            for request in reader.feed(data):
                frame = reply(request, self._answer(request))
                delay = self._faults.delay()
                if delay:
                    time.sleep(delay)
                if not self._faults.silent:
                    client.sendall(self._faults.garble(frame))


class ReportPort:
    """Pushes reports to every client at a steady rate.

    Args:
        host, port: Where to listen.
        rate: Hz.
        build: Makes the newest report.
        faults: What is done to the reports.
    """

    def __init__(
        self, host: str, port: int, rate: float, build: Callable[[], bytes], faults: WireFaults
    ) -> None:
        self._period, self._build, self._faults = 1.0 / rate, build, faults
        self.listener = Listener(host, port, self._serve)

    def _serve(self, client: socket.socket) -> None:
        client.settimeout(SEND_WITHIN)
        waiting: deque[tuple[float, bytes]] = deque()
        due = time.monotonic()
        while True:
            now = time.monotonic()
            if now >= due:
                due = max(due + self._period, now - self._period)
                waiting.append((now + self._faults.delay(), self._build()))
            while waiting and waiting[0][0] <= now:
                frame = waiting.popleft()[1]
                if not self._faults.silent:
                    client.sendall(self._faults.garble(frame))
            until = min(due, waiting[0][0]) if waiting else due
            time.sleep(max(0.0, until - time.monotonic()))
            if _left(client):
                return


def _left(client: socket.socket) -> bool:
    """Whether a client that only listens has gone, also when nothing is sent to it."""
    # Not recv with MSG_DONTWAIT: on a socket with a timeout Python would wait for data all the same.
    readable, _, _ = select.select([client], [], [], 0.0)
    return bool(readable) and client.recv(4096) == b""


def _shut(connection: socket.socket) -> None:
    # close() alone does not wake a thread that waits in accept or recv.
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
